"""What the database keeps of meetings, of opens and clicks, and of what is over, whoever writes to their tables.

An attendee is the user or the prospect who has the address, from the moment there is one; who is both counts as a
user. Each trigger works on the rows that its statement changed: all of them at once on PostgreSQL, one by one on
SQLite. There `{rows}` is a table of one row, with the columns that the trigger names.
"""
# ruff: noqa: S608 - no parameters

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _persons(answer: str) -> str:
    """JSON of the meeting's users and prospects but for its owner, each once, whose best answer is this one."""
    return f"""'[' || coalesce((
        SELECT {{gathered}} FROM (
            SELECT CASE WHEN user_id IS NULL THEN 'prospect' ELSE 'user' END AS kind,
                coalesce(user_id, prospect_id) AS person
            FROM meeting_attendees AS attendee
            WHERE attendee.meeting_id = meeting.id AND coalesce(attendee.user_id, attendee.prospect_id) IS NOT NULL
                AND coalesce(attendee.user_id <> meeting.user_id, true)
            GROUP BY 1, 2
            HAVING min(CASE lower(answer) WHEN 'accepted' THEN 1 WHEN 'declined' THEN 2 ELSE 3 END) = {answer}
            ORDER BY 1, 2
        ) AS persons
    ), '') || ']'"""


_IS_PROSPECT = "attendee.meeting_id = meeting.id AND attendee.prospect_id IS NOT NULL AND attendee.user_id IS NULL"
_KEPT = {
    "prospect_id": "found.prospect_id",
    "account_id": "coalesce(meeting.account_id, (SELECT account_id FROM prospects WHERE id = found.prospect_id))",
    "has_prospect": "found.prospect_id IS NOT NULL",
    "accepted_invitees": _persons("1"),
    "declined_invitees": _persons("2"),
    "undecided_invitees": _persons("3"),
    "booked_by_prospect": f"EXISTS (SELECT 1 FROM meeting_attendees AS attendee WHERE {_IS_PROSPECT} AND organizer)",
    "booked_in_app": "meeting.source = 'App'",
    "meeting_type_name": "(SELECT name FROM meeting_types WHERE id = meeting.meeting_type_id)",
}
# Of the meetings' ids; the prospect who is there already stays, else it is the one who was put there first.
_FOUND = f"""(
    SELECT meeting.id, (
        SELECT prospect_id FROM (
            SELECT id, prospect_id, coalesce(attendee.prospect_id = meeting.prospect_id, false) AS stays
            FROM meeting_attendees AS attendee WHERE {_IS_PROSPECT}
        ) AS there ORDER BY stays DESC, id LIMIT 1
    ) AS prospect_id
    FROM meetings AS meeting WHERE meeting.id IN ({{which}})
)"""
# What is as it should be is not written again: each write is looked at by the triggers of the meetings themselves.
_KEEP = f"""
UPDATE meetings SET {", ".join(f"{name} = kept.{name}" for name in _KEPT)}
FROM (
    SELECT meeting.id, {", ".join(f"{value} AS {name}" for name, value in _KEPT.items())}
    FROM {_FOUND} AS found JOIN meetings AS meeting ON meeting.id = found.id
) AS kept
WHERE kept.id = meetings.id
    AND ({", ".join(f"meetings.{name}" for name in _KEPT)})
        {{differs_from}} ({", ".join(f"kept.{name}" for name in _KEPT)});
"""
# In a sequence when the meeting was booked, or in one that was over in the 30 days before; the latest one. It is not
# asked again when something else changes: by then a sequence may have another name, and the prospect be in none.
_ATTRIBUTED = """(
    SELECT sequence.name FROM sequence_states AS state JOIN sequences AS sequence ON sequence.id = state.sequence_id
    WHERE state.prospect_id = meetings.prospect_id AND {moment:state.started_at} <= {moment:meetings.booked_at}
        AND (state.finished_at IS NULL OR {moment:state.finished_at} >= {month_before:meetings.booked_at})
    ORDER BY state.started_at DESC, state.id DESC LIMIT 1
)"""
_ATTRIBUTE = f"""
UPDATE meetings SET attributed_sequence_name = {_ATTRIBUTED}
WHERE id IN ({{which}}) AND attributed_sequence_name {{differs_from}} {_ATTRIBUTED};
"""
_WITH_NAMED_PROSPECT = """
INSERT INTO meeting_attendees (meeting_id, prospect_id, email)
SELECT meeting.id, meeting.prospect_id, prospect.email
FROM {rows} AS meeting JOIN prospects AS prospect ON prospect.id = meeting.prospect_id
WHERE NOT EXISTS (
    SELECT 1 FROM meeting_attendees AS attendee
    WHERE attendee.meeting_id = meeting.id AND attendee.prospect_id = meeting.prospect_id
);
"""
_BY_ADDRESS = """(
    SELECT id FROM {table} AS named WHERE lower(named.email) = lower(meeting_attendees.email) ORDER BY id LIMIT 1
)"""
_USER = f"coalesce(user_id, {_BY_ADDRESS.format(table='users')})"
_PROSPECT = f"coalesce(prospect_id, {_BY_ADDRESS.format(table='prospects')})"
_CONNECT = f"""
UPDATE meeting_attendees SET user_id = {_USER}, prospect_id = {_PROSPECT}
WHERE id IN ({{which}}) AND (user_id, prospect_id) {{differs_from}} ({_USER}, {_PROSPECT});
"""
_OF_ADDRESS = """
SELECT attendee.id FROM {rows} AS changed
JOIN meeting_attendees AS attendee ON lower(attendee.email) = lower(changed.email)"""
_COUNT = """
INSERT INTO mail_days (prospect_id, day, opens, clicks)
SELECT mail.prospect_id, {day}, count(CASE kind WHEN 'open' THEN 1 END), count(CASE kind WHEN 'click' THEN 1 END)
FROM {rows} AS happened JOIN mails AS mail ON mail.id = happened.mail_id
WHERE mail.prospect_id IS NOT NULL AND kind IN ('open', 'click')
GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (prospect_id, day) DO UPDATE SET
    opens = mail_days.opens + excluded.opens, clicks = mail_days.clicks + excluded.clicks;
"""
_IS_OVER = {
    "sequence_states": ("finished_at", "status NOT IN ('Pending', 'Active') AND status NOT LIKE 'Paused%'"),
    "tasks": ("completed_at", "status = 'done'"),
}


class _Trigger(NamedTuple):
    """`columns`: what its statements read of the rows; of an update, one of them but the id must have changed."""

    table: str
    event: str
    columns: tuple[str, ...]
    statements: tuple[str, ...]


def _keep(which: str) -> str:
    return _KEEP.replace("{which}", which)


def _connect(which: str) -> str:
    return _CONNECT.replace("{which}", which)


def _attribute(which: str) -> str:
    return _ATTRIBUTE.replace("{which}", which)


def _over(table: str) -> str:
    stamp, over = _IS_OVER[table]
    return f"UPDATE {table} SET {stamp} = {{now}} WHERE id IN (SELECT id FROM {{rows}}) AND {over} AND {stamp} IS NULL;"


def _not_over(table: str) -> str:
    stamp, over = _IS_OVER[table]
    return f"UPDATE {table} SET {stamp} = NULL WHERE id IN (SELECT id FROM {{rows}}) AND NOT ({over});"


_ROWS = "SELECT id FROM {rows}"
_OF_ATTENDEE = ("id", "meeting_id", "email", "user_id", "prospect_id", "answer", "organizer")
_OF_MEETING = ("id", "prospect_id", "user_id", "account_id", "meeting_type_id", "source")
_LATER = """
SELECT meeting.id FROM {rows} AS state JOIN meetings AS meeting ON meeting.prospect_id = state.prospect_id
WHERE {moment:state.started_at} <= {moment:meeting.booked_at}"""
_WITHOUT_ACCOUNT = """
SELECT meeting.id FROM {rows} AS changed JOIN meetings AS meeting ON meeting.prospect_id = changed.id
WHERE meeting.account_id IS NULL"""
_OF_TYPE = "SELECT id FROM meetings WHERE meeting_type_id IN (SELECT id FROM {rows})"
_TRIGGERS = {
    "keep_new_meeting": _Trigger(
        "meetings", "INSERT", _OF_MEETING, (_WITH_NAMED_PROSPECT, _keep(_ROWS), _attribute(_ROWS))
    ),
    "keep_changed_meeting": _Trigger("meetings", "UPDATE", _OF_MEETING, (_WITH_NAMED_PROSPECT, _keep(_ROWS))),
    "keep_sequence_of_meeting": _Trigger(
        "meetings", "UPDATE", ("id", "booked_at", "prospect_id"), (_attribute(_ROWS),)
    ),
    "keep_new_attendee": _Trigger(
        "meeting_attendees", "INSERT", _OF_ATTENDEE, (_connect(_ROWS), _keep("SELECT meeting_id FROM {rows}"))
    ),
    "keep_changed_attendee": _Trigger(
        "meeting_attendees",
        "UPDATE",
        _OF_ATTENDEE,
        (_connect(_ROWS), _keep("SELECT meeting_id FROM {rows} UNION SELECT meeting_id FROM {former}")),
    ),
    "keep_deleted_attendee": _Trigger(
        "meeting_attendees", "DELETE", ("meeting_id",), (_keep("SELECT meeting_id FROM {former}"),)
    ),
    "keep_new_prospect": _Trigger("prospects", "INSERT", ("id", "email"), (_connect(_OF_ADDRESS),)),
    "keep_address_of_prospect": _Trigger("prospects", "UPDATE", ("id", "email"), (_connect(_OF_ADDRESS),)),
    "keep_account_of_prospect": _Trigger("prospects", "UPDATE", ("id", "account_id"), (_keep(_WITHOUT_ACCOUNT),)),
    "keep_new_user": _Trigger("users", "INSERT", ("id", "email"), (_connect(_OF_ADDRESS),)),
    "keep_address_of_user": _Trigger("users", "UPDATE", ("id", "email"), (_connect(_OF_ADDRESS),)),
    "keep_name_of_meeting_type": _Trigger("meeting_types", "UPDATE", ("id", "name"), (_keep(_OF_TYPE),)),
    "keep_state_before_meeting": _Trigger(
        "sequence_states", "INSERT", ("id", "prospect_id", "started_at"), (_attribute(_LATER),)
    ),
    "keep_days_of_mails": _Trigger("mail_events", "INSERT", ("mail_id", "kind", "happened_at"), (_COUNT,)),
    "keep_end_of_new_state": _Trigger("sequence_states", "INSERT", ("id", "status"), (_over("sequence_states"),)),
    "keep_end_of_state": _Trigger(
        "sequence_states", "UPDATE", ("id", "status"), (_over("sequence_states"), _not_over("sequence_states"))
    ),
    "keep_end_of_new_task": _Trigger("tasks", "INSERT", ("id", "status"), (_over("tasks"),)),
    "keep_end_of_task": _Trigger("tasks", "UPDATE", ("id", "status"), (_over("tasks"), _not_over("tasks"))),
}


class _Pattern(str):
    """`{name:expression}` in a statement: the pattern, with the expression in place of its question mark."""

    __slots__ = ()

    def __format__(self, expression: str) -> str:
        return self.replace("?", expression)


_POSTGRESQL = {
    "differs_from": "IS DISTINCT FROM",
    "gathered": """string_agg('"' || kind || ':' || person || '"', ',' ORDER BY kind, person)""",
    "moment": _Pattern("?"),
    "month_before": _Pattern("? - interval '30 days'"),
    "day": "CAST(happened_at AT TIME ZONE 'UTC' AS date)",
    "now": "current_timestamp",
}
_SQLITE = {
    "differs_from": "IS NOT",
    "gathered": """group_concat('"' || kind || ':' || person || '"', ',')""",
    # Texts, of which some have microseconds and some have none.
    "moment": _Pattern("strftime('%Y-%m-%d %H:%M:%f', ?)"),
    "month_before": _Pattern("strftime('%Y-%m-%d %H:%M:%f', ?, '-30 days')"),
    "day": "date(happened_at)",
    "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
}
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
    IF EXISTS (SELECT FROM {rows}) THEN
        {body}
    END IF;
    RETURN NULL;
END
$body$"""
_TABLES = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
_TABLES["UPDATE"] = f"{_TABLES['INSERT']} {_TABLES['DELETE']}"


def upgrade() -> None:
    _fill_what_is_over()
    postgresql = op.get_context().dialect.name == "postgresql"
    for name, trigger in _TRIGGERS.items():
        for statement in _on_postgresql(name, trigger) if postgresql else _on_sqlite(name, trigger):
            op.execute(statement)


def downgrade() -> None:
    for name, trigger in _TRIGGERS.items():
        if op.get_context().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {trigger.table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")


def _fill_what_is_over() -> None:
    """The last edit is the best that is known of when."""
    for table, (stamp, over) in _IS_OVER.items():
        op.execute(f"UPDATE {table} SET {stamp} = updated_at WHERE {over} AND {stamp} IS NULL")


def _on_postgresql(name: str, trigger: _Trigger) -> Sequence[str]:
    rows = "old_rows" if trigger.event == "DELETE" else "new_rows"
    if trigger.event == "UPDATE":
        now, before = (", ".join(f"{each}.{column}" for column in _watched(trigger)) for each in ("present", "former"))
        rows = (
            "(SELECT present.* FROM new_rows AS present JOIN old_rows AS former ON former.id = present.id"
            f" WHERE ({now}) IS DISTINCT FROM ({before}))"
        )
    body = "".join(trigger.statements).format(rows=rows, former="old_rows", **_POSTGRESQL)
    head = f"AFTER {trigger.event} ON {trigger.table} REFERENCING {_TABLES[trigger.event]} FOR EACH STATEMENT"
    return (
        _FUNCTION.format(name=name, rows=rows, body=body),
        f"CREATE TRIGGER {name} {head} EXECUTE FUNCTION {name}()",
    )


def _on_sqlite(name: str, trigger: _Trigger) -> Sequence[str]:
    rows, former = (
        f"(SELECT {', '.join(f'{row}.{column} AS {column}' for column in trigger.columns)})" for row in ("NEW", "OLD")
    )
    body = "".join(trigger.statements).format(rows=rows, former=former, **_SQLITE)
    if trigger.event == "UPDATE":
        watched = _watched(trigger)
        when = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in watched)
        head = f"AFTER UPDATE OF {', '.join(watched)} ON {trigger.table} FOR EACH ROW WHEN {when}"
    else:
        head = f"AFTER {trigger.event} ON {trigger.table} FOR EACH ROW"
    return (f"CREATE TRIGGER {name} {head} BEGIN {body} END",)


def _watched(trigger: _Trigger) -> list[str]:
    return [column for column in trigger.columns if column != "id"]
