"""Every fault that there is: what it does, what it may be narrowed to, and its options with their defaults.

`sandbox/FAULTS.md` is made from this list and from the tests that use it, by `python -m tests.faults.table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

# What a fault may be narrowed to. `path` is a part of the path; `ids` are ids of records; `by` is api or people.
REQUEST: Final = ("method", "path")
RECORD: Final = ("object", "operation", "ids")
WRITE: Final = ("by",)
JOB: Final = ("object", "operation")
# Faults of the whole org lie on it from the moment they are switched on; they do not strike now and then.
ORG: Final[tuple[str, ...]] = ()
# `phone` writes ten digits as a telephone number, `spaces` leaves one of several.
STYLES: Final = ("lower", "upper", "title", "phone", "spaces")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a kind; a given value must be of the default's type."""

    default: Any
    meaning: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault; `scope` names what it may be narrowed to."""

    scope: tuple[str, ...]
    does: str
    options: Mapping[str, Option] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def strikes(self) -> bool:
        """Whether it strikes single requests or records, so that they can be counted."""
        return self.scope != ORG


def _delay(default: float, meaning: str) -> Mapping[str, Option]:
    return {"delay": Option(default, f"seconds {meaning}")}


def _flag(meaning: str) -> Option:
    return Option(default=False, meaning=meaning)


_OBJECT_AND_FIELD: Final = {"object": Option("", "object type"), "field": Option("", "name of the field")}
_BOTH: Final = ("object", "field")

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        # The network and the service as a whole.
        "cut_before": Kind(REQUEST, "the connection is cut and nothing is done"),
        "cut_after": Kind(REQUEST, "the work is done and the connection is cut instead of the answer"),
        "slow": Kind(
            REQUEST,
            "the answer comes late; a client that has given up by then does not stop the work from being done",
            {
                **_delay(5.0, "that it comes later"),
                "done": _flag("the work is done before the wait, not after"),
            },
        ),
        "unavailable": Kind(REQUEST, "503 SERVER_UNAVAILABLE", {"html": _flag("as a page in HTML instead of JSON")}),
        "api_disabled": Kind(
            REQUEST, "403: no API access", {"code": Option("API_DISABLED_FOR_ORG", "or API_CURRENTLY_DISABLED")}
        ),
        "expired_session": Kind(REQUEST, "401 INVALID_SESSION_ID, and the session is ended"),
        "daily_limit": Kind(REQUEST, "403 REQUEST_LIMIT_EXCEEDED: no calls are left today"),
        "concurrent_limit": Kind(REQUEST, "403 REQUEST_LIMIT_EXCEEDED: too many long calls at a time"),
        "clock_skew": Kind(
            ORG,
            "the server's clock differs from the real one; stamps, sessions and cursors go by it",
            {"skew": Option(0.0, "seconds that it is ahead")},
        ),
        # Queries.
        "query_timeout": Kind(REQUEST, "400 QUERY_TIMEOUT for a query"),
        "shrinking_pages": Kind(
            REQUEST, "query pages are shorter than was asked for", {"size": Option(200, "most records of a page")}
        ),
        "expired_locator": Kind(REQUEST, "400 INVALID_QUERY_LOCATOR for the next page; the cursor is gone"),
        "edit_between_pages": Kind(
            REQUEST,
            "before the next page is read, somebody edits records that the cursor has found and not shown yet",
            {"values": Option({}, "what they set"), "rows": Option(1, "how many of the last records")},
            ("values",),
        ),
        # Saving.
        "late_commit": Kind(
            WRITE,
            "a write keeps the stamp of its beginning and becomes visible later; its answer comes after that",
            _delay(5.0, "between both"),
        ),
        "ties": Kind(
            WRITE, "many writes share one stamp", {"span": Option(60, "stamps are rounded down to so many seconds")}
        ),
        "row_lock": Kind(RECORD, "UNABLE_TO_LOCK_ROW for an update or a delete"),
        "parent_lock": Kind(
            RECORD,
            "a write locks its record and the parents of it while it runs; another one that needs them meanwhile gets "
            "UNABLE_TO_LOCK_ROW (at once: a real org lets it wait for ten seconds)",
            _delay(0.05, "that a write runs"),
        ),
        "validation_rule": Kind(
            RECORD,
            "a validation rule refuses what matches: FIELD_CUSTOM_VALIDATION_EXCEPTION",
            {
                "field": Option("", "the field that it looks at"),
                "matches": Option(".*", "regular expression for the whole value"),
                "message": Option("Refused by a validation rule", "what it tells"),
            },
            ("object", "field"),
        ),
        "duplicate_rule": Kind(
            RECORD,
            "a duplicate rule refuses a record that agrees with another one: DUPLICATES_DETECTED",
            {"fields": Option((), "in which both agree")},
            ("object", "fields"),
        ),
        "rewriting": Kind(
            RECORD,
            "the org keeps a value in a form of its own",
            {
                "fields": Option((), "whose values"),
                "style": Option("lower", "what is made of them", STYLES),
            },
            ("object", "fields"),
        ),
        "flow": Kind(
            (*RECORD, "by"),
            "after a save, a flow sets values of the record under the name of the user who saved it",
            {
                "values": Option({}, "what it sets"),
                **_delay(0.0, "after the save; 0: in its transaction, so that a read-back shows it"),
            },
            ("object", "values"),
        ),
        # What the integration user may see, and what the administrator has made.
        "hidden_field": Kind(
            ORG,
            "the integration user has lost the permission for a field; for people it is still there",
            {**_OBJECT_AND_FIELD, "read_only": _flag("the permission to change it alone is lost")},
            _BOTH,
        ),
        "hidden_records": Kind(
            ORG,
            "the integration user no longer sees records: sharing was taken away",
            {
                "object": Option("", "object type"),
                "ids": Option((), "which records; none: all of the type"),
                "code": Option("INSUFFICIENT_ACCESS_OR_READONLY", "what a write of one is refused with"),
            },
            ("object",),
        ),
        "dropped_field": Kind(
            ORG,
            "a custom field is gone for everybody; switched off, it is back",
            _OBJECT_AND_FIELD,
            _BOTH,
        ),
        "added_field": Kind(
            ORG,
            "there is a further custom text field",
            {**_OBJECT_AND_FIELD, "required": _flag("every record that is saved must have a value for it")},
            _BOTH,
        ),
        "changed_field": Kind(
            ORG,
            "the administrator has changed the type or the length of a field",
            {
                **_OBJECT_AND_FIELD,
                "type": Option("", "what it is now; none: as before"),
                "length": Option(0, "characters that it takes; 0: as many as before"),
            },
            _BOTH,
        ),
        # Jobs of Bulk 2.0.
        "job_failed": Kind(
            JOB,
            "a job fails half way; what it has not come to is unprocessed, a query has no results",
            {"rows": Option(0, "that are saved before")},
        ),
        "job_aborted": Kind(
            JOB,
            "somebody aborts a job half way; what it has not come to is unprocessed, a query has no results",
            {"rows": Option(0, "that are saved before")},
        ),
    }
)
COMMON: Final[Mapping[str, Option]] = MappingProxyType(
    {"seconds": Option(0.0, "that it is in force; 0: until it is switched off")}
)
COUNTED: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "times": Option(0, "how often it strikes; 0: every time"),
        "after": Option(0, "how often it lets pass before it strikes"),
        "probability": Option(1.0, "that it strikes"),
        "seed": Option(0, "of its dice"),
    }
)
SCOPES: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "method": Option("", "only requests of this method"),
        "path": Option("", "only requests whose path contains this"),
        "object": Option("", "only records of this type"),
        "operation": Option("", "only create, update or delete; of jobs also insert, upsert, query, queryAll"),
        "ids": Option((), "only these records"),
        "by": Option("", "only writes of the api, or of people"),
    }
)


def options_of(kind: Kind) -> dict[str, Option]:
    """Every option that a fault of this kind may be given."""
    scope = {name: SCOPES[name] for name in kind.scope}
    return {**COMMON, **(COUNTED if kind.strikes else {}), **scope, **kind.options}
