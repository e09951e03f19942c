"""Attendees whom the triggers could not connect: two transactions at once do not see each other's rows.

One brings the address on a meeting and the other the prospect who has it. What follows from the connection is kept by
the triggers as always.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from modstamp.connectors.engagement.activities import meeting_attendees
from modstamp.connectors.engagement.tables import prospects, users


def connect(connection: Connection) -> None:
    """Give attendees the user and the prospect who have their address; of several the first."""
    for people, column in ((users, meeting_attendees.c.user_id), (prospects, meeting_attendees.c.prospect_id)):
        same = func.lower(people.c.email) == func.lower(meeting_attendees.c.email)
        first = select(func.min(people.c.id)).where(same).scalar_subquery()
        missed = column.is_(None) & select(people.c.id).where(same).exists()
        connection.execute(update(meeting_attendees).where(missed).values({column: first}))
