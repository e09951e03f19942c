"""A statement that somebody runs on a whole table is not held up by what the database works out of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from modstamp.connectors.engagement import capture

ROWS = 4_000
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
    with postgresql.begin() as connection:
        connection.execute(text(FILLED[table]), {"rows": ROWS})
        capture.watch(connection, {MAPPINGS[table]: table})
        (explained,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")).scalar_one()
    times = {each["Trigger Name"]: each["Time"] for each in explained["Triggers"]}
    finding = {name: time for name, time in times.items() if name.startswith("keep_")}
    assert finding
    assert max(finding.values()) < times["modstamp_update"], times
