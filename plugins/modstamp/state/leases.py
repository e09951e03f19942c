"""Leases: one writer per mapping and direction, fenced by a token that only grows (G22)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, or_, select, update

from modstamp.errors import LeaseHeldError, LeaseLostError
from modstamp.model import Direction
from modstamp.ports import Lease
from modstamp.state.clock import Clock
from modstamp.state.rows import insertion
from modstamp.state.tables import leases


class Leases:
    """Of one open transaction. The row stays locked until it ends: nobody is granted a lease amid a commit."""

    def __init__(self, connection: Connection, now: Clock, duration: timedelta) -> None:
        self._connection = connection
        self._now = now
        self._duration = duration

    def grant(self, mapping: str, direction: Direction, holder: str) -> Lease:
        """Take it if it is free, expired or the holder's own; each grant ends those before. Raises `LeaseHeldError`."""
        now = self._now()
        new = {"holder": holder, "expires_at": now + self._duration}
        statement = insertion(self._connection, leases).values(
            mapping=mapping, direction=str(direction), token=1, **new
        )
        may_be_taken = or_(leases.c.holder.is_(None), leases.c.holder == holder, leases.c.expires_at <= now)
        granted = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[leases.c.mapping, leases.c.direction],
                set_={"token": leases.c.token + 1, **new},
                where=may_be_taken,
            ).returning(leases.c.token)
        ).scalar_one_or_none()
        if granted is None:
            raise LeaseHeldError(self._at_work(mapping, direction))
        return Lease(mapping=mapping, direction=direction, holder=holder, token=granted)

    def check(self, lease: Lease) -> None:
        """A lease that ran out but that nobody else took is renewed like any other."""
        if not self._change(lease, expires_at=self._now() + self._duration):
            raise LeaseLostError(
                f"run {lease.holder} of {lease.mapping}, {lease.direction}, no longer holds its lease: "
                "another run took it over, and this one may neither send nor commit"
            )

    def give_back(self, lease: Lease) -> None:
        """Free it, unless another run has it by now."""
        self._change(lease, holder=None)

    def revoke(self, mapping: str, direction: Direction) -> None:
        """End the lease of whoever holds it: it may neither send nor commit any more."""
        held = update(leases).where(leases.c.mapping == mapping, leases.c.direction == str(direction))
        self._connection.execute(held.values(holder=None, token=leases.c.token + 1))

    def _change(self, lease: Lease, **values: object) -> bool:
        statement = update(leases).where(
            leases.c.mapping == lease.mapping,
            leases.c.direction == str(lease.direction),
            leases.c.token == lease.token,
            leases.c.holder == lease.holder,
        )
        return self._connection.execute(statement.values(**values)).rowcount == 1

    def _at_work(self, mapping: str, direction: Direction) -> str:
        query = select(leases.c.holder, leases.c.expires_at).where(
            leases.c.mapping == mapping, leases.c.direction == str(direction)
        )
        holder, expires_at = self._connection.execute(query).one()
        until = f"{expires_at:%H:%M:%S} UTC"
        return f"run {holder} of {mapping}, {direction}, is at work; its lease lasts until {until} unless renewed"
