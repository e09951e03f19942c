"""Describing object types, in the shape that recorded answers of a real org have."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final

from sandbox.salesforce.ids import make
from sandbox.salesforce.junctions import junction_of, members_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.schema import Field, ObjectType
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import object_of

SOAP_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "double": "xsd:double",
        "currency": "xsd:double",
        "percent": "xsd:double",
        "date": "xsd:date",
        "datetime": "xsd:dateTime",
        "address": "urn:address",
    }
)
MASTER_RECORD_TYPE: Final = "012000000000000AAA"
NOT_AGGREGATABLE: Final = frozenset({"boolean", "address"})
# The same for every field that is served here.
CONSTANT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "aiPredictionField": False,
        "autoNumber": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "controllerName": None,
        "defaultValueFormula": None,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "inlineHelpText": None,
        "mask": None,
        "maskType": None,
        "referenceTargetField": None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "writeRequiresMasterRead": False,
    }
)
REPORTED_FLAGS: Final = (
    "calculated",
    "createable",
    "defaultedOnCreate",
    "externalId",
    "filterable",
    "groupable",
    "idLookup",
    "nameField",
    "nillable",
    "restrictedPicklist",
    "sortable",
    "unique",
    "updateable",
)


def describe_global(org: Org, call: Call) -> Answer:
    if unchanged := _unchanged(org, call):
        return unchanged
    listed = [_summary(each, call) for each in org.access.shown.objects.values()]
    return _dated(org, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def basic(org: Org, call: Call) -> Answer:
    """What `GET /sobjects/{object}` tells; nobody has looked at anything recently here."""
    return Answer(body={"objectDescribe": _summary(object_of(org, call), call), "recentItems": []})


def describe(org: Org, call: Call) -> Answer:
    if unchanged := _unchanged(org, call):
        return unchanged
    object_type = object_of(org, call)
    more = {
        "actionOverrides": [],
        "childRelationships": _children(org, object_type),
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(each) for each in object_type.described],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(object_type, call) if object_type.presented else [],
        "searchLayoutable": object_type.told.get("searchLayoutable", True),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {object_type.plural.lower()}", "name": "everything"}],
    }
    return _dated(org, dict(sorted((_summary(object_type, call) | more).items())))


def _summary(object_type: ObjectType, call: Call) -> dict[str, Any]:
    path = f"{call.data_path}/sobjects/{object_type.name}"
    able = {name: name in object_type.abilities for name in ("createable", "updateable", "deletable", "undeletable")}
    usual = able | {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "custom": object_type.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deprecatedAndHidden": False,
        "feedEnabled": object_type.presented,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": object_type.prefix,
        "label": object_type.label,
        "labelPlural": object_type.plural,
        "layoutable": object_type.presented,
        "mergeable": "MasterRecordId" in object_type.fields,
        "mruEnabled": object_type.presented,
        "name": object_type.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": object_type.presented,
        "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
    }
    return usual | {name: value for name, value in object_type.told.items() if name in usual}


def _record_types(object_type: ObjectType, call: Call) -> list[dict[str, Any]]:
    """Those of its own, then the one that every type has; the first of its own is our user's default."""
    master = _master_record_type(object_type, call)
    made = [
        {
            **master,
            "defaultRecordTypeMapping": number == 0,
            "developerName": name.replace(" ", "_"),
            "master": False,
            "name": name,
            "recordTypeId": make("012", number + 1),
        }
        for number, name in enumerate(object_type.record_types)
    ]
    return [*made, {**master, "defaultRecordTypeMapping": not made}]


def _master_record_type(object_type: ObjectType, call: Call) -> dict[str, Any]:
    """The record type that every type has which has no other."""
    path = f"{call.data_path}/sobjects/{object_type.name}/describe/layouts/{MASTER_RECORD_TYPE}"
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": {"layout": path},
    }


def _field(field: Field) -> dict[str, Any]:
    several = len(field.references) > 1
    described = {name: name in field.flags for name in REPORTED_FLAGS} | {
        "aggregatable": _aggregatable(field),
        "byteLength": field.length * (1 if field.kind == "id" else 3) if field.kind != "id" else 18,
        "compoundFieldName": field.compound,
        "custom": field.custom,
        "defaultValue": field.default,
        "digits": field.digits,
        "extraTypeInfo": _extra(field),
        "label": field.label,
        "length": 18 if field.kind == "id" else field.length,
        "name": field.name,
        "namePointing": several,
        "permissionable": _permissionable(field),
        "picklistValues": [_picklist_entry(field, value) for value in field.values],
        "polymorphicForeignKey": several,
        "precision": field.precision,
        "queryByDistance": field.kind == "address",
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "scale": field.scale,
        "searchPrefilterable": _prefilterable(field),
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "type": field.type,
    }
    return dict(sorted({**described, **CONSTANT}.items()))


def _aggregatable(field: Field) -> bool:
    possible = bool(field.flags & {"filterable", "groupable"}) and field.type not in NOT_AGGREGATABLE
    return possible and "unaggregated" not in field.flags


def _extra(field: Field) -> str | None:
    if "nameField" in field.flags and field.compound == "Name":
        return "switchablepersonname"
    if field.compound == "Name" or "composed" in field.flags:
        return "personname"
    if field.type == "textarea":
        return "plaintextarea"
    return "imageurl" if field.name == "PhotoUrl" else None


def _permissionable(field: Field) -> bool:
    """Whether field-level security can be set: not for what every record must have or what is part of its name."""
    writable = bool(field.flags & {"createable", "updateable"}) or field.kind == "address"
    if field.flags & {"unpermissioned", "permissioned"}:
        return "permissioned" in field.flags
    return writable and field.compound != "Name" and not field.required and "nillable" in field.flags


def _prefilterable(field: Field) -> bool:
    if "prefiltered" in field.flags:
        return True
    single = field.type == "reference" and len(field.references) == 1
    return (
        single
        and "unprefiltered" not in field.flags
        and "User" not in field.references
        and field.name != "MasterRecordId"
    )


def _picklist_entry(field: Field, value: str) -> dict[str, Any]:
    return {
        "active": True,
        "defaultValue": value == field.default,
        "label": field.labels.get(value, value),
        "validFor": None,
        "value": value,
    }


def _children(org: Org, parent: ObjectType) -> list[dict[str, Any]]:
    found = [
        _child(child.name, field.name, field.children, cascades="cascadeDelete" in field.flags)
        for child in org.access.shown.objects.values()
        for field in child.described
        # A merge's loser is no child of the winner.
        if parent.name in field.references and field.name != "MasterRecordId"
    ]
    for each in parent.id_lists:
        name = junction_of(each)
        junction = {"junctionIdListNames": [each.name], "junctionReferenceTo": list(members_of(each))}
        found.append(_child(name, "EventId", f"{name}s", cascades=False) | junction)
    return found


def _child(name: str, field: str, relationship: str | None, *, cascades: bool) -> dict[str, Any]:
    return {
        "cascadeDelete": cascades,
        "childSObject": name,
        "deprecatedAndHidden": False,
        "field": field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship,
        "restrictedDelete": False,
    }


def _unchanged(org: Org, call: Call) -> Answer | None:
    since = call.headers.get("if-modified-since")
    if since is None:
        return None
    try:
        asked = parsedate_to_datetime(since)
    except ValueError:
        return None
    return Answer(status=304, headers=_version(org)) if org.opened <= asked else None


def _dated(org: Org, body: dict[str, Any]) -> Answer:
    return Answer(body=body, headers=_version(org))


def _version(org: Org) -> dict[str, str]:
    """Headers that name the state of the schema, which changes only with a restart."""
    return {"ETag": f'"{int(org.opened.timestamp()):x}"', "Last-Modified": format_datetime(org.opened, usegmt=True)}
