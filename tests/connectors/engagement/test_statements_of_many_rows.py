"""A statement that somebody runs on a whole table is not held up by what the database works out of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from modstamp.connectors.engagement import capture

MAPPINGS = {"prospects": "salesforce_lead", "meetings": "salesforce_event", "tasks": "salesforce_task_tasks"}
FILLED = {
    "prospects": "INSERT INTO prospects (email) SELECT n || '@x.example' FROM generate_series(1, :rows) AS n",
    "meetings": "INSERT INTO meetings (starts_at, ends_at) SELECT now(), now() FROM generate_series(1, :rows)",
    "tasks": "INSERT INTO tasks (type, subject) SELECT 'call', 'Call' FROM generate_series(1, :rows)",
}


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("prospects", "UPDATE prospects SET title = 'Director'"),
        ("meetings", "UPDATE meetings SET description = 'Moved'"),
        ("tasks", "UPDATE tasks SET subject = 'Write'"),
    ],
)
def test_finding_nothing_in_many_changed_rows_takes_less_than_noting_them(
    postgresql: Engine, table: str, statement: str
) -> None:
    """Noting is linear; what looks at each old row for each new one would take the longer, the more rows there are."""
    times = triggers(postgresql, table, statement, rows=4_000)
    finding = [time for name, time in times.items() if name.startswith("keep_")]
    assert finding
    assert max(finding) < times["modstamp_update"], times


def test_writing_into_many_changed_rows_takes_a_few_times_what_noting_them_takes(postgresql: Engine) -> None:
    """It is noted too; nothing is known of the table's rows when the statement is planned."""
    times = triggers(postgresql, "tasks", "UPDATE tasks SET status = 'done'", rows=8_000)
    assert times["keep_end_of_task"] < 8 * times["modstamp_update"], times


def triggers(database: Engine, table: str, statement: str, *, rows: int) -> dict[str, float]:
    """Each trigger's time in the statement, those within it included."""
    with database.begin() as connection:
        connection.execute(text(FILLED[table]), {"rows": rows})
        capture.watch(connection, {MAPPINGS[table]: table})
        (explained,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")).scalar_one()
    return {each["Trigger Name"]: each["Time"] for each in explained["Triggers"]}
