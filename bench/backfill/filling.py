"""Meetings and activities of the last twelve months, as if no mapping had listened when they were made."""

from __future__ import annotations

from datetime import UTC

from sqlalchemy import text

from bench.systems import LEAD, Systems

PEOPLE = 200  # Leads, and so prospects
EVENT = "salesforce_event"
CALLS, MAILS, TASKS = "salesforce_task_calls", "salesforce_task_mails_sent", "salesforce_task_tasks"
_SLICES = 20
_MEETINGS = """
INSERT INTO meetings (title, starts_at, ends_at, user_id, prospect_id, is_organizer, source, provider_uid, booked_at)
SELECT 'Meeting ' || number, moment, moment + interval '30 minutes', (SELECT min(id) FROM users),
       (SELECT min(id) FROM prospects) + number % :people, true, 'App', 'uid-' || number, moment - interval '7 days'
FROM generate_series(1, :count) AS number,
     LATERAL (SELECT now() - interval '1 day' - number * interval '364 days' / :count AS drawn) AS at,
     LATERAL (SELECT date_trunc('minute', drawn) AS moment) AS minute
"""
_ATTENDEES = """
INSERT INTO meeting_attendees (meeting_id, prospect_id, email, answer, organizer)
SELECT m.id, m.prospect_id, p.email, 'accepted', false FROM meetings m JOIN prospects p ON p.id = m.prospect_id
WHERE m.id % 20 = :part
"""
# Every fifth equals others in all that is sent, so that only their number can tell them apart (G21).
_ACTIVITIES = """
INSERT INTO {table} ({columns}, user_id, prospect_id)
SELECT {values}, (SELECT min(id) FROM users), (SELECT min(id) FROM prospects) + number % :people
FROM generate_series(1, :count) AS number,
     LATERAL (SELECT now() - interval '1 day' - CASE number % 5 WHEN 0 THEN interval '30 days'
                     ELSE number * interval '364 days' / :count END AS moment,
                     CASE number % 5 WHEN 0 THEN 'the same again' ELSE '{table} ' || number END AS words) AS drawn
"""
_KINDS = {
    "calls": ("called_at, note", "moment, words"),
    "mails": ("sent_at, body, subject", "moment, words, 'Hello'"),
    "tasks": ("completed_at, note, type, status", "moment, words, 'action_item', 'done'"),
}
_OWNER = """
SELECT external_id FROM sync_links
WHERE mapping = 'salesforce_user' AND internal_id = (SELECT min(id)::text FROM users)
"""
_FIRST = "SELECT title, starts_at, ends_at FROM meetings ORDER BY id LIMIT :some"


def meetings(both: Systems, count: int, held: float) -> None:
    """Each with an invitee. `held`: the share of them that the org has already, as Events made by hand."""
    both.run(LEAD, "polling")
    with both.database.begin() as connection:
        connection.execute(text(_MEETINGS), {"count": count, "people": PEOPLE})
    for part in range(_SLICES):  # the database's own triggers are planned anew as the tables grow
        both.sql("ANALYZE meetings, meeting_attendees, sync_pending")
        with both.database.begin() as connection:
            connection.execute(text(_ATTENDEES), {"part": part})
    _forget(both)
    with both.database.begin() as connection:
        owner = connection.execute(text(_OWNER)).scalar_one()
        rows = connection.execute(text(_FIRST), {"some": int(held * count)}).all()
    events = [[title, *(each.astimezone(UTC).isoformat() for each in ends)] for title, *ends in rows]
    both.salesforce.hold_events(events, owner)


def activities(both: Systems, count: int, held: float) -> None:
    """A third each of calls, mails and tasks. The tasks are pending, as if they had just been done."""
    del held
    both.run(LEAD, "polling")
    for number, (table, (columns, values)) in enumerate(_KINDS.items()):
        share = (count + number) // len(_KINDS)
        with both.database.begin() as connection:
            statement = _ACTIVITIES.format(table=table, columns=columns, values=values)
            connection.execute(text(statement), {"count": share, "people": PEOPLE})
        if table != "tasks":
            _forget(both)


def _forget(both: Systems) -> None:
    both.sql("DELETE FROM sync_pending")
