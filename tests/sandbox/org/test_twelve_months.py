"""Twelve months of meetings and other activities: of every kind, and the same ones for the same seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sandbox.org import edit
from sandbox.org.activities import fill
from sandbox.org.calendars import Calendars, draw_calendars
from sandbox.org.database import open_database
from sandbox.org.draws import generator
from sandbox.org.known import Known, NobodyThereError
from sandbox.org.outreach import TASKS

TODAY = date(2026, 11, 21)
PEOPLE = (
    "INSERT INTO users (id, email) VALUES (3, 'rep@firm.example'), (4, 'colleague@firm.example')",
    "INSERT INTO accounts (id, name) VALUES (7, 'Acme')",
    "INSERT INTO opportunities (id, name, account_id) VALUES (9, 'Acme: Pilot', 7)",
    "INSERT INTO prospects (id, email, account_id) VALUES (12, 'ada@acme.example', 7), (13, 'bob@acme.example', 7)",
    "INSERT INTO prospects (id, email) VALUES (14, 'eve@else.example')",
)


def known() -> Known:
    """Five users, and eight prospects of two companies, one of which has an opportunity."""
    users = [{"id": each, "email": f"u{each}@firm.example", "name": f"U{each}"} for each in range(5)]
    prospects = [
        {"id": each, "email": f"p{each}@x.example", "name": f"P{each}", "account_id": each % 2, "phone": None}
        for each in range(8)
    ]
    started = datetime(2026, 2, 2, 9, tzinfo=UTC)
    return Known(
        users=users,
        prospects=prospects,
        colleagues={account: prospects[account::2] for account in (0, 1)},
        opportunities={1: [9]},
        strangers=["info@elsewhere.example"],
        today=TODAY,
        seed=7,
        states=[{"prospect": prospects[0], "started_at": started}],
    )


@pytest.fixture(scope="module")
def calendars() -> Calendars:
    return draw_calendars(generator(7, "test"), known(), [1, 2], 600)


def test_the_same_seed_draws_the_same_meetings(calendars: Calendars) -> None:
    assert draw_calendars(generator(7, "test"), known(), [1, 2], 600) == calendars
    assert draw_calendars(generator(8, "test"), known(), [1, 2], 600) != calendars


def test_meetings_are_of_every_kind(calendars: Calendars) -> None:
    rows = calendars.meetings
    assert max(len(row["title"]) for row in rows) > 255
    assert max(len(row["description"] or "") for row in rows) > 32_000
    assert {row["source"] for row in rows} == {"App", "Sync"}
    for name in ("all_day", "no_show", "canceled", "recording_url", "opportunity_id", "original_starts_at"):
        assert 0 < sum(bool(row[name]) for row in rows) < len(rows) / 2, name
    lengths = {row["ends_at"] - row["starts_at"] for row in rows}
    assert min(lengths) < timedelta(hours=1)
    assert max(lengths) > timedelta(days=1)
    assert any(row["booker_id"] != row["user_id"] for row in rows)


def test_whole_days_begin_and_end_at_midnight(calendars: Calendars) -> None:
    days = [row for row in calendars.meetings if row["all_day"]]
    assert {moment.time() for row in days for moment in (row["starts_at"], row["ends_at"])} == {time()}


def test_meetings_spread_over_a_year_and_weeks_to_come(calendars: Calendars) -> None:
    starts = sorted(row["starts_at"].date() for row in calendars.meetings)
    assert TODAY - timedelta(days=370) < starts[0] < TODAY - timedelta(days=330)
    assert starts[-1] > TODAY
    assert all(row["booked_at"] < row["starts_at"] for row in calendars.meetings)


def test_of_all_copies_of_a_meeting_one_at_most_is_the_organizers(calendars: Calendars) -> None:
    copies: dict[tuple[object, object], list[bool]] = {}
    for row in calendars.meetings:
        copies.setdefault((row["provider_uid"], row["starts_at"]), []).append(row["is_organizer"])
    assert {sum(each) for each in copies.values()} == {0, 1}
    assert max(map(len, copies.values())) == 3


def test_some_are_alone_and_some_are_among_users(calendars: Calendars) -> None:
    people: dict[int, set[str]] = {}
    for row in calendars.attendees:
        people.setdefault(row["at"], set()).add(row["email"].partition("@")[2])
    kinds = {frozenset(domains) for domains in people.values()}
    assert {frozenset({"firm.example"}), frozenset({"firm.example", "x.example"})} <= kinds
    assert frozenset({"firm.example", "elsewhere.example"}) in kinds
    assert min(sum(row["at"] == at for row in calendars.attendees) for at in range(50)) == 1


@pytest.fixture
def peopled(database: Engine) -> Engine:
    with database.begin() as connection:
        for statement in PEOPLE:
            connection.execute(text(statement))
    return database


def url(database: Engine) -> str:
    return database.url.render_as_string(hide_password=False)


def test_all_of_it_is_landed(peopled: Engine) -> None:
    engine = open_database(url(peopled))
    with engine.begin() as connection:
        counts = fill(connection, 80, 7, today=TODAY)
    engine.dispose()
    with peopled.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
            for name in ("meetings", "mails", "meeting_attendees", "mail_events", "calls", "texts", "tasks")
        }
        assert found == {name.removeprefix("engagement ").replace(" ", "_"): count for name, count in counts.items()}
        rows = connection.execute(
            text("SELECT has_prospect, attributed_sequence_name, opportunity_id FROM meetings")
        ).all()
        assert {bool(row[0]) for row in rows} == {True, False}
        assert any(row[1] for row in rows)
        assert any(row[2] for row in rows)
        days = connection.execute(text("SELECT sum(opens + clicks) FROM mail_days")).scalar_one()
        assert days == found["mail_events"]
        kinds = set(connection.scalars(text("SELECT type FROM tasks WHERE status = 'done'")))
        assert kinds == set(TASKS)


def test_without_people_there_is_nobody_to_meet(sqlite: Engine) -> None:
    with sqlite.begin() as connection, pytest.raises(NobodyThereError):
        fill(connection, 1, 7, today=TODAY)


def test_a_person_books_moves_and_cancels_a_meeting(
    peopled: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [f"--state={tmp_path}", f"--engagement={url(peopled)}"]
    words = ["user=rep@firm.example", "guests=ada@acme.example,new@x.example", "title=Demo", "minutes=45"]
    edit.main(["meeting", "new", *words, "starts_at=2026-12-01T10:00", *places])
    number = capsys.readouterr().out.split()[1].removesuffix(":")
    edit.main(["meeting", number, "starts_at=2026-12-02T11:00", *places])
    edit.main(["meeting", number, "canceled=true", *places])
    with peopled.connect() as connection:
        row = connection.execute(text("SELECT * FROM meetings")).mappings().one()
        times = connection.execute(
            text("SELECT CAST(starts_at AS VARCHAR), CAST(ends_at AS VARCHAR) FROM meetings")
        ).one()
    assert (row["user_id"], row["prospect_id"], row["canceled"], row["source"]) == (3, 12, True, "App")
    assert row["undecided_invitees"] == '["prospect:12"]'
    assert [each[:19] for each in times] == ["2026-12-02 11:00:00", "2026-12-02 11:45:00"]


def test_a_person_completes_a_task_and_logs_a_call(peopled: Engine, tmp_path: Path) -> None:
    places = [f"--state={tmp_path}", f"--engagement={url(peopled)}"]
    edit.main(["task", "new", "type=call", "prospect=ada@acme.example", "due_on=2026-12-01", *places])
    edit.main(["task", "1", "status=done", *places])
    edit.main(["call", "new", "prospect=ADA@acme.example", "user=rep@firm.example", "duration_seconds=240", *places])
    with peopled.connect() as connection:
        done = connection.execute(text("SELECT completed_at IS NOT NULL, prospect_id FROM tasks")).one()
        called = connection.execute(text("SELECT prospect_id, user_id, duration_seconds FROM calls")).one()
    assert (bool(done[0]), done[1]) == (True, 12)
    assert tuple(called) == (12, 3, 240)
