"""`python -m sandbox.org.activities --meetings 500`: twelve months of meetings, mails, calls and tasks.

With the people whom the engagement database knows by now, and about the opportunities that are there: before the first
synchronisation there are none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from sandbox.org import calendars, outreach
from sandbox.org.database import NotMigratedError, insert_numbered, open_database
from sandbox.org.draws import generator
from sandbox.org.known import Known, NobodyThereError, Row, read_known
from sandbox.org.places import add_arguments, read_places

STRANGERS = tuple(f"{name}@elsewhere.example" for name in ("info", "office", "h.ford", "t.beck", "purchasing"))
# Of everything else, for each meeting.
MAILS, CALLS, TEXTS, TASKS, STATES = 4.0, 1.0, 0.25, 2.0, 0.5


def fill(
    connection: Connection, meetings: int, seed: int, *, today: date, strangers: Sequence[str] = STRANGERS
) -> dict[str, int]:
    """Insert activities, and return how many of each. The same seed with the same people on the same day does the same.

    Raises:
        NobodyThereError: there is nobody to meet, or to be met.
        NotMigratedError: a table is missing.
    """
    known = read_known(connection, today, seed, strangers)
    known, steps = _approach(connection, known, round(meetings * STATES))
    types = insert_numbered(connection, "meeting_types", [{"name": name} for name in calendars.TYPES])
    drawn = calendars.draw_calendars(generator(seed, "calendars"), known, types, meetings)
    ids = insert_numbered(connection, "meetings", drawn.meetings)
    attendees = [_put({"meeting_id": ids[person["at"]]}, person, "at") for person in drawn.attendees]
    mails = outreach.draw_mails(generator(seed, "mails"), known, steps, round(meetings * MAILS))
    sent = insert_numbered(connection, "mails", mails)
    rows = {
        "meeting_attendees": attendees,
        "mail_events": outreach.draw_mail_events(generator(seed, "mail events"), mails, sent),
        "calls": outreach.draw_calls(generator(seed, "calls"), known, round(meetings * CALLS)),
        "texts": outreach.draw_texts(generator(seed, "texts"), known, round(meetings * TEXTS)),
        "tasks": outreach.draw_tasks(generator(seed, "tasks"), known, steps, round(meetings * TASKS)),
    }
    for name, found in rows.items():
        insert_numbered(connection, name, found)
    counted = {"meetings": len(ids), "mails": len(sent)} | {name: len(found) for name, found in rows.items()}
    return {f"engagement {name.replace('_', ' ')}": count for name, count in counted.items()}


def _approach(connection: Connection, known: Known, count: int) -> tuple[Known, list[int]]:
    """Put prospects into sequences. Returns them with their states, and the ids of the steps."""
    sequences = insert_numbered(connection, "sequences", [{"name": name} for name in outreach.SEQUENCES])
    steps: list[Row] = [
        {"sequence_id": each, "number": number, "type": kind}
        for each in sequences
        for number, kind in enumerate(outreach.STEPS, 1)
    ]
    ids = insert_numbered(connection, "sequence_steps", steps)
    numbered = [step | {"id": each} for step, each in zip(steps, ids, strict=True)]
    states = outreach.draw_states(generator(known.seed, "states"), known, numbered, count)
    rows = [_put({"prospect_id": state["prospect"]["id"]}, state, "prospect") for state in states]
    insert_numbered(connection, "sequence_states", rows)
    return replace(known, states=states), ids


def _put(cells: Row, row: Row, instead_of: str) -> Row:
    return cells | {name: value for name, value in row.items() if name != instead_of}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.org.activities", description=__doc__.partition("\n")[0])
    parser.add_argument("--meetings", type=int, default=500, help="everything else follows from it")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same rows")
    add_arguments(parser)
    given = parser.parse_args(words)
    engine = open_database(read_places(given).database())
    try:
        with engine.begin() as connection:
            counts = fill(connection, given.meetings, given.seed, today=datetime.now(UTC).date())
    except (NotMigratedError, NobodyThereError) as error:
        raise SystemExit(str(error)) from None
    finally:
        engine.dispose()
    for name, count in counts.items():
        print(f"{count:>9,}  {name}")


if __name__ == "__main__":
    main()
