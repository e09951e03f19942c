"""Which recordings cannot be replayed, and in what the local Salesforce knowingly departs from those that can."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.interop.recordings import Recording

Test = Callable[[Recording], bool]
OTHER_TYPES: Final = re.compile(r"\b(Case|Custom__c|RecordType(Id)?)\b")
EDITED: Final = ("ManualEditTestDescribeOrg", "ManualEdit_test_describe_to_sql", "ManualEdit_TestCountSObjects")


def _asks_for(*parts: str) -> Test:
    return lambda recording: any(part in recording.path for part in parts)


def _names_other_types(recording: Recording) -> bool:
    return bool(OTHER_TYPES.search(f"{recording.path} {recording.query} {recording.body}"))


# Why a recording is not replayed → which ones.
NOT_SERVED: Final[Mapping[str, Test]] = MappingProxyType(
    {
        "tooling, Connect and Apex resources": _asks_for("/tooling/", "/connect/"),
        "jobs of the first Bulk API that write": _asks_for("/services/async/"),
        "SOQL TYPEOF": lambda recording: "TYPEOF" in f"{recording.soql} {recording.body}",
        "person accounts": lambda recording: "PersonAccount" in recording.source,
        "other object types": _names_other_types,
    }
)


def reason(recording: Recording) -> str | None:
    """Why a recording is not replayed; None when it is."""
    return next((name for name, applies in NOT_SERVED.items() if applies(recording)), None)


def genuine(recording: Recording) -> bool:
    """Whether an answer is as a real org gave it; some were edited by hand for the tests that they belong to."""
    return not recording.source.startswith(EDITED)


# Pattern of a difference → why it stays. Rows of sandbox/UNCONFIRMED.md say more.
ACCEPTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        r"^\$\.(sobjects\.\w+\.)?urls\.\w+: (missing|recorded)": "links to resources that are not served are left out",
        r"supportedScopes(: recorded \d entries, here 1$|.*delegated)": "USING SCOPE is not served",
        r"\.WhatId\.referenceTo": "object types that are not served are left out",
        r"\.RecurrenceTimeZoneSidKey\.picklistValues": "recurring activities are not served",
        r"^\$\.feedEnabled: recorded False": "two recordings of Event contradict each other",
        r"\.sobjects\.Event\.mergeable: recorded True": "two recordings of Event contradict each other",
        r"\.fields\.Type: not recorded": "the recording org hid the field from its user",
        r"\.fields\.Fiscal\.byteLength": "counted in characters that need one byte",
        r"childRelationships\.User(Role)?/\w+: missing": "portal users are not served",
        r"\.sobjects\.Organization\.searchable": "search is not served",
        r"\.fields\.HasOptedOutOfEmail: not recorded": "the recording org hid the field from its user",
        r"\.fields\.RecordTypeId: missing": "the recording org had record types of its own",
        r"^\$\.recordTypeInfos": "the recording org had record types of its own",
        r"^\$\.(associate\w+|sobjectDescribeOption): not recorded": "recorded with version 48, which lacked it",
        r"\.sobjects\.(Event|Lead)\.keyPrefix: recorded None": "masked in the recording",
        r"\.sobjects\.(EventRelation|Group|\w+St\w+|ListView|Report|Task): not recorded": "cut short",
        r"\.DelegatedAuthenticationServiceUrl: not recorded": "orgs differ in it; two of three recordings have it",
        r"^\$\.sObjects: recorded 0 entries, here 1$": "the real counts are estimates that leave types out",
    }
)
