"""Comparing two JSON values: keys, types and lengths always, values where they say the same on every org."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.salesforce.server import Salesforce

# Under these keys the value itself belongs to the contract.
TELLING: Final = frozenset(
    {
        "created",
        "done",
        "errorCode",
        "errors",
        "fields",
        "httpStatusCode",
        "message",
        "name",
        "referenceId",
        "statusCode",
        "success",
        "totalSize",
        "type",
    }
)


def differences(recorded: Any, ours: Any, *, exact: bool = False, at: str = "$") -> list[str]:
    """Where `ours` departs from `recorded`, one line each; `exact` compares every value.

    Without `exact`, null fits every scalar: what a record happens to hold says nothing of the field's type.
    """
    if isinstance(recorded, Mapping) and isinstance(ours, Mapping):
        return _of_objects(recorded, ours, exact=exact, at=at)
    if isinstance(recorded, list) and isinstance(ours, list):
        return _of_lists(recorded, ours, exact=exact, at=at)
    if exact and recorded != ours:
        return [f"{at}: recorded {recorded!r}, here {ours!r}"]
    one, other = _kind(recorded), _kind(ours)
    if one == other or ("null" in {one, other} and not {one, other} & {"object", "list"}):
        return []
    return [f"{at}: recorded {one}, here {other}"]


def arranged(answer: Any, salesforce: Salesforce) -> Any:
    """The answer without what an org is free to choose: the order of things, its own fields, further object types."""
    if not isinstance(answer, dict):
        return answer
    served = salesforce.store.schema.objects
    kept = dict(answer)
    if "records" in kept:
        kept["records"] = sorted(kept["records"], key=lambda each: str(each["attributes"].get("url")))
    if "childRelationships" in kept:
        kept["childRelationships"] = {
            f"{each['childSObject']}/{each['field']}": each
            for each in kept["childRelationships"]
            if each["childSObject"] in served
        }
    if isinstance(kept.get("fields"), list):
        kept["fields"] = {each["name"]: each for each in kept["fields"] if not each["name"].endswith("__c")}
    if "sobjects" in kept:
        kept["sobjects"] = {each["name"]: each for each in kept["sobjects"] if each["name"] in served}
    return kept


def _of_objects(recorded: Mapping[str, Any], ours: Mapping[str, Any], *, exact: bool, at: str) -> list[str]:
    found = [f"{at}.{name}: missing here" for name in recorded if name not in ours]
    found += [f"{at}.{name}: not recorded" for name in ours if name not in recorded]
    for name in recorded:
        if name in ours:
            telling = exact or (name in TELLING and not isinstance(recorded[name], (list, Mapping)))
            found += differences(recorded[name], ours[name], exact=telling, at=f"{at}.{name}")
    return found


def _of_lists(recorded: list[Any], ours: list[Any], *, exact: bool, at: str) -> list[str]:
    found = [] if len(recorded) == len(ours) else [f"{at}: recorded {len(recorded)} entries, here {len(ours)}"]
    for place, (one, other) in enumerate(zip(recorded, ours, strict=False)):
        found += differences(one, other, exact=exact, at=f"{at}[{place}]")
    return found


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"
