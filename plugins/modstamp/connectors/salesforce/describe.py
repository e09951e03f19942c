"""Object types as Salesforce describes them to our user, kept for the life of the connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from modstamp.connectors.salesforce import traits
from modstamp.connectors.salesforce.calls import Calls, Request
from modstamp.connectors.salesforce.errors import RefusedError
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Field, TypeDescription

_T = TypeVar("_T")
_KINDS = {
    "boolean": "boolean",
    "int": "integer",
    "long": "integer",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "instant",
    "reference": "reference",
    "picklist": "choice",
    "multipicklist": "choice",
    "junctionidlist": "list",
}
_NO_SCALARS = {"address", "location", "base64", "anyType", "complexvalue", "json"}
_QUOTED = re.compile(r"'(\w+)'")
_UNKNOWN = {"NOT_FOUND", "INVALID_TYPE"}


class Memory(Protocol):
    """Descriptions that outlive a process: each costs a call, and a run is several processes."""

    def recall(self, type_name: str) -> TypeDescription | None: ...

    def remember(self, description: TypeDescription) -> None: ...


class Types:
    """Asks for each type once, and again when Salesforce says that a field of it is gone (G8)."""

    def __init__(self, calls: Calls, memory: Memory | None = None) -> None:
        self._calls = calls
        self._memory = memory
        self._known: dict[str, TypeDescription] = {}

    def describe(self, type_name: str) -> TypeDescription:
        if type_name not in self._known:
            self._known[type_name] = self._recall(type_name) or self._ask_and_remember(type_name)
        return self._known[type_name]

    def _recall(self, type_name: str) -> TypeDescription | None:
        return self._memory.recall(type_name) if self._memory else None

    def _ask_and_remember(self, type_name: str) -> TypeDescription:
        description = self._ask(type_name)
        if self._memory:
            self._memory.remember(description)
        return description

    def known(self, type_name: str, names: Iterable[str]) -> list[str]:
        """The fields that Salesforce still shows us, each once."""
        fields = self.describe(type_name).fields
        return [name for name in dict.fromkeys(names) if name in fields]

    def with_known(self, type_name: str, names: Sequence[str], read: Callable[[list[str]], _T]) -> _T:
        """Read with the fields that are known; when one of them has just been lost, without it."""
        while True:
            known = self.known(type_name, names)
            try:
                return read(known)
            except RefusedError as error:
                if error.code != "INVALID_FIELD":
                    raise
                self._lose(type_name, str(error))
                if self.known(type_name, names) == known:
                    raise

    def _lose(self, type_name: str, message: str) -> None:
        """Describe the type anew. A field can be described and yet be refused; then the message names it."""
        before = self._known.pop(type_name)
        now = self._known[type_name] = self._ask_and_remember(type_name)
        if now.fields.keys() >= before.fields.keys():
            named = set(_QUOTED.findall(message))
            fields = {name: field for name, field in now.fields.items() if name not in named}
            self._known[type_name] = replace(now, fields=fields)

    def _ask(self, type_name: str) -> TypeDescription:
        path = f"sobjects/{type_name}/describe"
        try:
            answer = self._calls.send(Request(kind="describe", method="GET", path=path, type_name=type_name))
        except RefusedError as error:
            if error.code not in _UNKNOWN:
                raise
            what = "Salesforce has no such object type, or our user may not see it"
            fix = "correct the mapping's external type, or give the integration user the right to read the object"
            raise ConfigurationError([Problem(f"type '{type_name}'", what, fix)]) from error
        return _type(answer.body)


def _type(body: Mapping[str, Any]) -> TypeDescription:
    lists = _lists(body)
    fields = [_field(field, lists) for field in body["fields"] if field["type"] not in _NO_SCALARS]
    told = {field.name for field in fields}
    fields += [_list(name, types) for name, types in lists.items() if name not in told]
    return TypeDescription(
        name=body["name"],
        fields={field.name: field for field in fields},
        label=body.get("label") or "",
        id_prefix=body.get("keyPrefix") or "",
        compounds=_compounds(body["fields"]),
        traits=traits.traits(body),
        createable=body["createable"],
        updateable=body["updateable"],
        deletable=body["deletable"],
    )


def _compounds(fields: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Addresses, locations and names of persons, which are written by their parts."""
    found: dict[str, list[str]] = {}
    for field in fields:
        whole = field.get("compoundFieldName")
        if whole and whole != field["name"]:
            found.setdefault(whole, []).append(field["name"])
    return {whole: tuple(parts) for whole, parts in found.items()}


def _lists(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Field that lists ids → the types that they may be of, which the relationship tells."""
    relationships = body.get("childRelationships") or ()
    return {
        name: each.get("junctionReferenceTo") or []
        for each in relationships
        for name in each.get("junctionIdListNames") or ()
    }


def _list(name: str, types: Sequence[str]) -> Field:
    """A list of ids that describe names with its relationship alone, as a recording of a real org does for Event.

    It has no rights of its own there: those of its type are told with the type.
    """
    return Field(
        name=name,
        kind="list",
        native="junctionidlist",
        createable=True,
        updateable=True,
        filterable=False,
        refers_to=tuple(types),
    )


def _field(body: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> Field:
    return Field(
        name=body["name"],
        kind=_KINDS.get(body["type"].lower(), "text"),
        native=body["type"],
        label=body.get("label") or "",
        length=body.get("length") or None,
        required=bool(body["createable"] and not body["nillable"] and not body["defaultedOnCreate"]),
        createable=body["createable"],
        updateable=body["updateable"],
        unique=bool(body.get("unique")),
        external_id=bool(body.get("externalId")),
        calculated=bool(body.get("calculated")),
        filterable=bool(body.get("filterable", True)) and body["type"] != "multipicklist",  # that has words of its own
        choices=tuple(value["value"] for value in body.get("picklistValues") or () if value.get("active", True)),
        restricted=bool(body.get("restrictedPicklist")),
        refers_to=tuple(body.get("referenceTo") or lists.get(body["name"]) or ()),
    )
