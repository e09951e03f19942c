"""The documented fields of meetings, calls and tasks: there, of their kind, and as long as they may be.

That the database has what is declared is looked at by the tests of the migrations.
"""

from __future__ import annotations

import pytest

from modstamp.connectors.engagement import values
from modstamp.connectors.engagement.records import Records
from modstamp.connectors.engagement.types import TYPES
from modstamp.errors import RejectedRecordError
from modstamp.frames import object_frame


@pytest.mark.parametrize(
    ("name", "kind", "length"),
    [
        pytest.param("id", "reference", None, marks=pytest.mark.requirement("OMS-031")),
        pytest.param("booked_at", "instant", None, marks=pytest.mark.requirement("OMS-032")),
        pytest.param("title", "text", 1000, marks=pytest.mark.requirement("OMS-033")),
        pytest.param("location", "text", 1000, marks=pytest.mark.requirement("OMS-034")),
        pytest.param("description", "text", None, marks=pytest.mark.requirement("OMS-035")),
        pytest.param("starts_at", "instant", None, marks=pytest.mark.requirement("OMS-036")),
        pytest.param("ends_at", "instant", None, marks=pytest.mark.requirement("OMS-037")),
        pytest.param("no_show", "boolean", None, marks=pytest.mark.requirement("OMS-038")),
        pytest.param("all_day", "boolean", None, marks=pytest.mark.requirement("OMS-039")),
        pytest.param("meeting_type_name", "text", 255, marks=pytest.mark.requirement("OMS-040")),
        pytest.param("attributed_sequence_name", "text", 255, marks=pytest.mark.requirement("OMS-041")),
        pytest.param("is_organizer", "boolean", None, marks=pytest.mark.requirement("OMS-042")),
        pytest.param("accepted_invitees", "text", None, marks=pytest.mark.requirement("OMS-043")),
        pytest.param("declined_invitees", "text", None, marks=pytest.mark.requirement("OMS-044")),
        pytest.param("undecided_invitees", "text", None, marks=pytest.mark.requirement("OMS-045")),
        pytest.param("source", "text", 10, marks=pytest.mark.requirement("OMS-046")),
        pytest.param("booked_by_prospect", "boolean", None, marks=pytest.mark.requirement("OMS-051")),
        pytest.param("booked_in_app", "boolean", None, marks=pytest.mark.requirement("OMS-052")),
        pytest.param("has_prospect", "boolean", None, marks=pytest.mark.requirement("OMS-053")),
        pytest.param("recording_url", "text", None, marks=pytest.mark.requirement("OMS-056")),
        pytest.param("recording_object", "text", 255, marks=pytest.mark.requirement("OMS-057")),
        pytest.param("recording_summary", "text", None, marks=pytest.mark.requirement("OMS-058")),
        pytest.param("canceled", "boolean", None, marks=pytest.mark.requirement("OMS-065")),
    ],
)
def test_a_meeting_has_the_field(name: str, kind: str, length: int | None) -> None:
    column = TYPES["meeting"].columns[name]
    assert (values.kind(column), getattr(column.type, "length", None)) == (kind, length)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        pytest.param("account_id", "account", marks=pytest.mark.requirement("OMS-059")),
        pytest.param("booker_id", "user", marks=pytest.mark.requirement("OMS-060")),
        pytest.param("meeting_type_id", "meeting_type", marks=pytest.mark.requirement("OMS-061")),
        pytest.param("opportunity_id", "opportunity", marks=pytest.mark.requirement("OMS-062")),
        pytest.param("prospect_id", "prospect", marks=pytest.mark.requirement("OMS-063")),
        pytest.param("user_id", "user", marks=pytest.mark.requirement("OMS-064")),
    ],
)
def test_a_meeting_refers_to(name: str, to: str) -> None:
    (key,) = TYPES["meeting"].columns[name].foreign_keys
    assert key.column.table is TYPES[to]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("duration_seconds", "integer", marks=pytest.mark.requirement("OSF-041")),
        pytest.param("disposition", "text", marks=pytest.mark.requirement("OSF-042")),
        pytest.param("purpose", "text", marks=pytest.mark.requirement("OSF-043")),
    ],
)
def test_a_call_has_the_field(name: str, kind: str) -> None:
    assert values.kind(TYPES["call"].columns[name]) == kind


def _made(records: Records, *kinds: str) -> list[list[object]]:
    found = records.read("task", ["type", "status"], records.insert("task", object_frame({"type": list(kinds)})))
    return found[["type", "status"]].to_numpy().tolist()


@pytest.mark.requirement("OSF-052")
@pytest.mark.requirement("OSF-053")
@pytest.mark.requirement("OSF-056")
def test_a_task_may_be_a_message_or_a_call(records: Records) -> None:
    assert _made(records, "email", "call", "text") == [["email", "open"], ["call", "open"], ["text", "open"]]


@pytest.mark.requirement("OSF-054")
@pytest.mark.requirement("OSF-055")
@pytest.mark.requirement("OSF-057")
def test_a_task_may_be_something_else(records: Records) -> None:
    kinds = ("action_item", "linkedin", "generic")
    assert _made(records, *kinds) == [[kind, "open"] for kind in kinds]


@pytest.mark.requirement("OMS-033")
@pytest.mark.requirement("OMS-034")
@pytest.mark.parametrize("name", ["title", "location"])
def test_a_thousand_characters_are_kept_and_no_more(records: Records, name: str) -> None:
    day = "2026-05-04T10:00:00Z"
    frame = object_frame({name: ["ü" * 1000], "starts_at": [day], "ends_at": [day]})
    (made,) = records.insert("meeting", frame)
    assert records.read("meeting", [name], [made])[name].tolist() == frame[name].tolist()
    with pytest.raises(RejectedRecordError, match=f"{name}: a text is longer than 1000 characters"):
        records.insert("meeting", frame.assign(**{name: ["x" * 1001]}))
