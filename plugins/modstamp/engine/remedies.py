"""What a person can do about records that wait, by the code of their cause (G29)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": "change the record as the rule's message says, or change the rule",
        "REQUIRED_FIELD_MISSING": "fill the field inside, map it, or give it a default outside",
        "DUPLICATES_DETECTED": "merge or delete the duplicate outside, or relax the duplicate rule for our user",
        "DUPLICATE_VALUE": "make the value unique, or link the two records by their match key",
        "STRING_TOO_LONG": "shorten the value inside, or lengthen the field outside",
        "INVALID_EMAIL_ADDRESS": "correct the address",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value outside, or a pair for it to the value table",
        "BAD_VALUE_FOR_RESTRICTED_PICKLIST": "add the value outside, or a pair for it to the value table",
        "INSUFFICIENT_ACCESS_OR_READONLY": "give our user the right to edit this record",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "give our user the right to see the record it refers to",
        "INVALID_FIELD_FOR_INSERT_UPDATE": "run `python -m modstamp doctor`, and give our user the right to the field",
        "INVALID_CROSS_REFERENCE_KEY": "correct the reference: the record that it names is not there",
        "INACTIVE_OWNER_OR_USER": "give the record an active owner",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "look into the org's triggers and flows: one of them refused it",
        "UNKNOWN_OUTCOME": "look for the record outside; if it is not there, edit it inside and replay",
        "SEVERAL_FOUND": "say with `modstamp match` which of them it is",
        "LINKED_MEANWHILE": "merge the two records outside, or delete the one that nobody needs",
    }
)
_BY_KIND: Mapping[str, str] = MappingProxyType(
    {
        "rejected": "correct the value at its source, or the mapping; then replay",
        "withheld": "nothing, if the condition is meant so; else change the record or the condition",
        "asked": "say which value stays: `python -m modstamp decide MAPPING RECORD FIELD crm`, or engagement",
        "ambiguous": "merge the candidates, or say with `modstamp match` which of them it is",
        "held": "give our user the right to see the record; if you know it to be gone for good, reconcile with --gone",
    }
)


def remedy(kind: str, code: str) -> str:
    """The fix that is most often the right one."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if "no pair for" in code or "has no counterpart" in code:
        return "add a pair to the value table"
    return _BY_KIND.get(kind, "read the reason, and run `python -m modstamp explain` for an example")
