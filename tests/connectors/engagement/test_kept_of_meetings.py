"""What the database works out of meetings by itself, whoever writes to its tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from modstamp.connectors.engagement import attendees, capture
from modstamp.connectors.engagement.records import Records
from modstamp.frames import object_frame

OWNER, COLLEAGUE, ADA = 3, 4, 12
DAY = "2026-05-04 10:00:00"
_PEOPLE = (
    "INSERT INTO users (id, email) VALUES (3, 'owner@firm.example'), (4, 'Colleague@firm.example')",
    "INSERT INTO accounts (id, name) VALUES (7, 'Acme')",
    "INSERT INTO prospects (id, email, account_id) VALUES (12, 'Ada@acme.example', 7)",
)
Fetch = Callable[..., Any]


@pytest.fixture
def sql(connection: Connection) -> Fetch:
    """Run a statement and return the rows that it finds."""

    def run(statement: str, **values: Any) -> list[Any]:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []

    for statement in _PEOPLE:
        run(statement)
    return run


def book(sql: Fetch, **values: Any) -> int:
    """A meeting of the owner's with nobody; returns its id."""
    cells = {"user_id": OWNER, "starts_at": DAY, "ends_at": DAY, "booked_at": DAY, **values}
    names, marks = ", ".join(cells), ", ".join(f":{name}" for name in cells)
    (found,) = sql(f"INSERT INTO meetings ({names}) VALUES ({marks}) RETURNING id", **cells)  # noqa: S608
    return int(found[0])


def invite(sql: Fetch, meeting: int, email: str | None, answer: str | None = None, *, organizer: bool = False) -> None:
    sql(
        "INSERT INTO meeting_attendees (meeting_id, email, answer, organizer) VALUES (:id, :email, :answer, :first)",
        id=meeting,
        email=email,
        answer=answer,
        first=organizer,
    )


def kept(sql: Fetch, meeting: int, *names: str) -> Any:
    (row,) = sql(f"SELECT {', '.join(names)} FROM meetings WHERE id = :id", id=meeting)  # noqa: S608
    return row if len(row) > 1 else row[0]


def lists(sql: Fetch, meeting: int) -> list[list[str]]:
    """Who accepted, who declined, and the others."""
    names = (f"{answer}_invitees" for answer in ("accepted", "declined", "undecided"))
    return [json.loads(each) for each in kept(sql, meeting, *names)]


@pytest.mark.requirement("OMS-053")
@pytest.mark.requirement("OMS-063")
def test_a_prospect_is_known_by_the_address_whatever_its_case(sql: Fetch) -> None:
    meeting = book(sql)
    invite(sql, meeting, "ADA@acme.example")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (True, ADA)


@pytest.mark.requirement("OMS-054")
def test_a_stranger_is_no_prospect_until_there_is_one(sql: Fetch) -> None:
    meeting = book(sql)
    invite(sql, meeting, "new@else.example")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (False, None)
    sql("INSERT INTO prospects (id, email) VALUES (20, 'New@else.example')")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (True, 20)
    assert lists(sql, meeting) == [[], [], ["prospect:20"]]


def test_a_prospect_who_is_deleted_stays_on_the_meeting_as_an_address(sql: Fetch) -> None:
    meeting = book(sql, prospect_id=ADA)
    sql("UPDATE meeting_attendees SET answer = 'accepted', name = 'Ada'")
    sql("INSERT INTO prospects (id, email) VALUES (20, 'second@acme.example')")
    invite(sql, meeting, "second@acme.example", "accepted")
    assert lists(sql, meeting) == [["prospect:12", "prospect:20"], [], []]

    sql("DELETE FROM prospects WHERE id = :id", id=ADA)
    assert sql("SELECT email, name, prospect_id, answer FROM meeting_attendees ORDER BY id") == [
        ("Ada@acme.example", "Ada", None, "accepted"),
        ("second@acme.example", None, 20, "accepted"),
    ]
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (True, 20)
    assert lists(sql, meeting) == [["prospect:20"], [], []]

    sql("DELETE FROM prospects WHERE id = 20")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (False, None)
    sql("INSERT INTO prospects (id, email) VALUES (21, 'ada@acme.example')")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (True, 21)


def test_what_was_done_with_a_prospect_outlives_the_prospect(sql: Fetch) -> None:
    (mail,) = sql("INSERT INTO mails (prospect_id, subject) VALUES (:id, 'Hello') RETURNING id", id=ADA)
    sql("INSERT INTO mail_events (mail_id, kind) VALUES (:id, 'open')", id=mail[0])
    for table in ("calls", "texts"):
        sql(f"INSERT INTO {table} (prospect_id) VALUES (:id)", id=ADA)  # noqa: S608 - our own words
    sql("INSERT INTO tasks (prospect_id, type) VALUES (:id, 'call')", id=ADA)

    sql("DELETE FROM prospects WHERE id = :id", id=ADA)

    for table in ("mails", "calls", "texts", "tasks"):
        assert sql(f"SELECT prospect_id FROM {table}") == [(None,)]  # noqa: S608 - our own words
    assert sql("SELECT * FROM mail_days") == []


def test_a_prospect_who_gets_the_address_later_is_on_the_meeting_too(sql: Fetch) -> None:
    meeting = book(sql)
    invite(sql, meeting, "later@acme.example")
    sql("UPDATE prospects SET city = 'Ulm'")
    assert kept(sql, meeting, "prospect_id") is None
    sql("UPDATE prospects SET email = 'later@acme.example' WHERE id = 12")
    assert kept(sql, meeting, "prospect_id") == ADA
    sql("UPDATE prospects SET email = 'elsewhere@acme.example' WHERE id = 12")
    assert kept(sql, meeting, "prospect_id") == ADA  # the person stays the same


@pytest.mark.requirement("OMS-055")
def test_an_owner_alone_is_no_prospect(sql: Fetch) -> None:
    sql("INSERT INTO prospects (id, email) VALUES (20, 'owner@firm.example')")
    meeting = book(sql)
    assert kept(sql, meeting, "has_prospect") == 0
    invite(sql, meeting, "owner@firm.example", "accepted", organizer=True)
    assert kept(sql, meeting, "has_prospect", "booked_by_prospect") == (False, False)
    assert lists(sql, meeting) == [[], [], []]


@pytest.mark.requirement("OMS-043")
@pytest.mark.requirement("OMS-044")
@pytest.mark.requirement("OMS-045")
def test_invitees_are_listed_by_their_answers(sql: Fetch) -> None:
    sql("INSERT INTO prospects (id, email) VALUES (100, 'b@x.example'), (20, 'c@x.example'), (21, 'd@x.example')")
    meeting = book(sql)
    for email, answer in {
        "owner@firm.example": "accepted",
        "b@x.example": "accepted",
        "c@x.example": "Declined",
        "colleague@firm.example": "tentative",
        "d@x.example": "maybe",
        "ada@acme.example": None,
        "stranger@x.example": "accepted",
    }.items():
        invite(sql, meeting, email, answer)
    assert lists(sql, meeting) == [["prospect:100"], ["prospect:20"], ["prospect:12", "prospect:21", "user:4"]]
    sql("UPDATE meeting_attendees SET answer = 'accepted' WHERE user_id = 4 OR prospect_id = 20")
    assert lists(sql, meeting) == [["prospect:20", "prospect:100", "user:4"], [], ["prospect:12", "prospect:21"]]


def test_a_person_with_two_addresses_is_listed_once_with_the_best_answer(sql: Fetch) -> None:
    meeting = book(sql, prospect_id=ADA)
    sql("INSERT INTO meeting_attendees (meeting_id, prospect_id, answer) VALUES (:id, 12, 'declined')", id=meeting)
    assert lists(sql, meeting) == [[], ["prospect:12"], []]


def test_a_new_owner_is_no_invitee_and_the_former_one_is(sql: Fetch) -> None:
    meeting = book(sql)
    for email in ("owner@firm.example", "colleague@firm.example"):
        invite(sql, meeting, email)
    assert lists(sql, meeting)[2] == ["user:4"]
    sql("UPDATE meetings SET user_id = 4")
    assert lists(sql, meeting)[2] == ["user:3"]


def test_an_attendee_who_becomes_a_user_is_connected(sql: Fetch) -> None:
    meeting = book(sql)
    invite(sql, meeting, "new@firm.example", "declined")
    sql("INSERT INTO users (id, email) VALUES (9, 'NEW@firm.example')")
    assert lists(sql, meeting) == [[], ["user:9"], []]


@pytest.mark.requirement("OMS-063")
def test_the_primary_prospect_stays_while_on_the_meeting(sql: Fetch) -> None:
    sql("INSERT INTO prospects (id, email) VALUES (5, 'early@x.example'), (6, 'other@x.example')")
    meeting = book(sql)
    for email in ("ada@acme.example", "early@x.example"):
        invite(sql, meeting, email)
    assert kept(sql, meeting, "prospect_id") == ADA  # who was invited first
    sql("UPDATE meetings SET prospect_id = 5")
    sql("UPDATE meeting_attendees SET answer = 'accepted' WHERE prospect_id = 12")
    assert kept(sql, meeting, "prospect_id") == 5
    sql("DELETE FROM meeting_attendees WHERE prospect_id = 5")
    assert kept(sql, meeting, "prospect_id") == ADA
    sql("UPDATE meetings SET prospect_id = 6")
    assert lists(sql, meeting) == [["prospect:12"], [], ["prospect:6"]]  # who is named is on the meeting
    sql("DELETE FROM meeting_attendees")
    assert kept(sql, meeting, "has_prospect", "prospect_id") == (False, None)


def test_an_attendee_who_moves_leaves_a_meeting_and_joins_another(sql: Fetch) -> None:
    first, second = book(sql), book(sql)
    invite(sql, first, "ada@acme.example")
    sql("UPDATE meeting_attendees SET meeting_id = :id", id=second)
    assert [kept(sql, each, "has_prospect") for each in (first, second)] == [False, True]


@pytest.mark.requirement("OMS-051")
def test_a_prospect_may_be_the_one_who_invites(sql: Fetch) -> None:
    meeting = book(sql, is_organizer=False)
    invite(sql, meeting, "ada@acme.example", organizer=True)
    assert kept(sql, meeting, "booked_by_prospect") == 1


@pytest.mark.requirement("OMS-052")
def test_the_source_tells_whether_it_was_booked_here(sql: Fetch) -> None:
    inside, outside = book(sql), book(sql, source="Sync")
    assert [kept(sql, each, "booked_in_app") for each in (inside, outside)] == [True, False]
    sql("UPDATE meetings SET source = 'Sync'")
    assert kept(sql, inside, "booked_in_app") == 0


@pytest.mark.requirement("OMS-040")
@pytest.mark.requirement("OMS-061")
def test_the_name_of_the_meeting_type_follows_the_type(sql: Fetch) -> None:
    sql("INSERT INTO meeting_types (id, name) VALUES (1, 'Demo'), (2, 'Review')")
    meeting = book(sql, meeting_type_id=1)
    assert kept(sql, meeting, "meeting_type_name") == "Demo"
    sql("UPDATE meeting_types SET name = 'First demo' WHERE id = 1")
    assert kept(sql, meeting, "meeting_type_name") == "First demo"
    sql("UPDATE meetings SET meeting_type_id = 2")
    assert kept(sql, meeting, "meeting_type_name") == "Review"


@pytest.mark.requirement("OMS-059")
def test_the_account_is_the_prospects_unless_there_is_one(sql: Fetch) -> None:
    sql("INSERT INTO accounts (id, name) VALUES (8, 'Other')")
    sql("INSERT INTO prospects (id, email) VALUES (20, 'without@x.example')")
    given, filled, later = book(sql, account_id=8), book(sql), book(sql)
    for meeting, email in {given: "ada@acme.example", filled: "ada@acme.example", later: "without@x.example"}.items():
        invite(sql, meeting, email)
    assert [kept(sql, each, "account_id") for each in (given, filled, later)] == [8, 7, None]
    sql("UPDATE prospects SET account_id = 8")
    assert [kept(sql, each, "account_id") for each in (given, filled, later)] == [8, 7, 8]


SEQUENCES = "INSERT INTO sequences (id, name) VALUES (1, 'Spring'), (2, 'Fair')"
STATE = "INSERT INTO sequence_states (prospect_id, sequence_id, status, started_at, finished_at)"


@pytest.mark.requirement("OMS-028")
@pytest.mark.requirement("OMS-029")
@pytest.mark.requirement("OMS-041")
@pytest.mark.parametrize(
    ("started", "finished", "expected"),
    [
        pytest.param("2026-05-04 10:00:00", None, "Spring", id="in it from the same moment"),
        pytest.param("2026-05-04 10:00:01", None, None, id="a second too late"),
        pytest.param("2026-01-01 00:00:00", "2026-04-04 10:00:00", "Spring", id="over for 30 days"),
        pytest.param("2026-01-01 00:00:00", "2026-04-04 09:59:59", None, id="over for longer"),
        pytest.param("2026-01-01 00:00:00", "2026-05-06 00:00:00", "Spring", id="over after the booking"),
    ],
)
def test_a_meeting_is_owed_to_the_sequence_at_the_time_of_booking(
    sql: Fetch, started: str, finished: str | None, expected: str | None
) -> None:
    sql(SEQUENCES)
    sql(f"{STATE} VALUES (12, 1, :status, :started, :finished)", status="Finished" if finished else "Paused OOTO",
        started=started, finished=finished)  # fmt: skip
    meeting = book(sql, booked_at=DAY)
    invite(sql, meeting, "ada@acme.example")
    assert kept(sql, meeting, "attributed_sequence_name") == expected


@pytest.mark.requirement("OMS-029")
@pytest.mark.requirement("OMS-030")
def test_the_latest_sequence_wins_and_stays(sql: Fetch) -> None:
    sql(SEQUENCES)
    sql(
        f"{STATE} VALUES (12, 2, 'Active', '2026-04-02 00:00:00', NULL), (12, 1, 'Active', '2026-04-01 00:00:00', NULL)"
    )
    meeting = book(sql, booked_at=DAY, prospect_id=ADA)
    assert kept(sql, meeting, "attributed_sequence_name") == "Fair"
    sql("UPDATE sequences SET name = 'Autumn fair' WHERE id = 2")
    sql("DELETE FROM sequence_states")
    invite(sql, meeting, "colleague@firm.example")
    assert kept(sql, meeting, "attributed_sequence_name") == "Fair"
    sql(f"{STATE} VALUES (12, 1, 'Active', '2026-05-01 00:00:00', NULL)")  # told late
    assert kept(sql, meeting, "attributed_sequence_name") == "Spring"
    sql("UPDATE meetings SET booked_at = '2026-04-30 00:00:00'")
    assert kept(sql, meeting, "attributed_sequence_name") is None


def test_another_prospect_owes_it_to_another_sequence(sql: Fetch) -> None:
    sql(SEQUENCES)
    sql("INSERT INTO prospects (id, email) VALUES (20, 'new@x.example')")
    sql(
        f"{STATE} VALUES (12, 1, 'Active', '2026-05-01 00:00:00', NULL), (20, 2, 'Active', '2026-05-01 00:00:00', NULL)"
    )
    meeting = book(sql, prospect_id=ADA)
    sql("UPDATE meetings SET prospect_id = 20")
    assert kept(sql, meeting, "attributed_sequence_name") == "Fair"


def test_the_end_of_a_sequence_is_noted_and_taken_back(sql: Fetch) -> None:
    sql(SEQUENCES)
    sql(f"{STATE} VALUES (12, 1, 'Active', :day, NULL)", day=DAY)
    ends = []
    for status in ("Paused", "Failed", "Active", "Finished"):
        sql("UPDATE sequence_states SET status = :status", status=status)
        ends.append(sql("SELECT finished_at IS NOT NULL FROM sequence_states")[0][0])
    assert ends == [False, True, False, True]


def test_a_task_that_is_done_knows_since_when(sql: Fetch) -> None:
    sql("INSERT INTO tasks (id, type) VALUES (1, 'linkedin')")
    sql("INSERT INTO tasks (id, type, status, completed_at) VALUES (2, 'call', 'done', '2026-01-01 00:00:00')")
    found = []
    for status in ("open", "done", "skipped"):
        sql("UPDATE tasks SET status = :status WHERE id = 1", status=status)
        found.append(sql("SELECT completed_at IS NOT NULL FROM tasks WHERE id = 1")[0][0])
    assert found == [False, True, False]
    assert str(sql("SELECT completed_at FROM tasks WHERE id = 2")[0][0]).startswith("2026-01-01 00:00:00")


@pytest.mark.requirement("OSF-139")
def test_opens_and_clicks_are_counted_by_prospect_and_day(sql: Fetch) -> None:
    sql("INSERT INTO mails (id, prospect_id, subject) VALUES (1, 12, 'Offer'), (2, 12, 'Again'), (3, NULL, 'Strange')")
    sql(
        "INSERT INTO mail_events (mail_id, kind, happened_at) VALUES (1, 'open', '2026-05-04 23:59:59'),"
        " (2, 'open', '2026-05-04 01:00:00'), (1, 'open', '2026-05-05 00:00:00'), (1, 'click', '2026-05-05 00:00:01'),"
        " (3, 'open', '2026-05-05 00:00:00'), (1, 'bounce', '2026-05-06 00:00:00')"
    )
    sql("INSERT INTO mail_events (mail_id, kind, happened_at) VALUES (2, 'open', '2026-05-05 12:00:00')")
    sql("DELETE FROM mail_events WHERE kind = 'open'")  # of what is long past, only the counts are kept
    found = sql("SELECT prospect_id, CAST(day AS VARCHAR), opens, clicks FROM mail_days ORDER BY day")
    assert found == [(ADA, "2026-05-04", 2, 0), (ADA, "2026-05-05", 2, 1)]


@pytest.mark.guarantee("G5")
def test_a_prospect_that_a_poll_creates_is_on_the_meeting_and_the_meeting_is_told(
    sql: Fetch, connection: Connection, records: Records
) -> None:
    meeting = book(sql)
    invite(sql, meeting, "new@x.example")
    capture.watch(connection, {"salesforce_lead": "prospects", "salesforce_event": "meetings"})
    with capture.writer(connection, "salesforce_lead"):
        (made,) = records.insert("prospect", object_frame({"email": ["new@x.example"]}))
    assert lists(sql, meeting) == [[], [], [f"prospect:{made}"]]
    ((mapping, record, columns),) = sql("SELECT mapping, record_id, columns FROM sync_pending")
    assert (mapping, record) == ("salesforce_event", str(meeting))
    changed = columns if isinstance(columns, dict) else json.loads(columns)
    assert set(changed) == {"prospect_id", "has_prospect", "undecided_invitees"}


def test_what_changes_nothing_is_not_told(sql: Fetch, connection: Connection) -> None:
    meeting = book(sql, prospect_id=ADA)
    capture.watch(connection, {"salesforce_event": "meetings"})
    sql("UPDATE meeting_attendees SET name = 'Ada', answer = 'tentative'")
    sql("UPDATE prospects SET email = 'ada@new.example', city = 'Ulm'")
    assert sql("SELECT record_id FROM sync_pending") == []
    sql("UPDATE meeting_attendees SET answer = 'accepted'")
    assert sql("SELECT record_id, counter FROM sync_pending") == [(str(meeting), 1)]


def test_what_two_transactions_kept_from_each_other_is_connected_later(postgresql: Engine) -> None:
    with postgresql.begin() as booking:
        booking.execute(text("INSERT INTO meetings (id, starts_at, ends_at) VALUES (1, now(), now())"))
        booking.execute(text("INSERT INTO meeting_attendees (meeting_id, email) VALUES (1, 'ADA@acme.example')"))
        with postgresql.begin() as polling:
            polling.execute(text("INSERT INTO prospects (id, email) VALUES (12, 'ada@acme.example')"))
    found = text("SELECT has_prospect, prospect_id FROM meetings")
    with postgresql.begin() as connection:
        assert connection.execute(found).one() == (False, None)
        attendees.connect(connection)
        assert connection.execute(found).one() == (True, ADA)
