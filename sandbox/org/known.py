"""Whom the engagement database knows: those whom activities may be with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, select

from sandbox.org.database import reflected

Row = dict[str, Any]
Item = TypeVar("Item")


class NobodyThereError(Exception):
    """There are no users or no prospects whom activities could be with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Active users, and prospects with an address; both with their `name`, and what belongs to the prospects.

    `states`: where they are in sequences, once they are, with `prospect` and `started_at`. `colleagues`: prospects by
    account. `opportunities`: ids by account. `strangers`: addresses of people who are no prospects.
    """

    users: Sequence[Row]
    prospects: Sequence[Row]
    colleagues: Mapping[int, Sequence[Row]]
    opportunities: Mapping[int, Sequence[int]]
    strangers: Sequence[str]
    today: date
    seed: int
    states: Sequence[Row] = ()

    @property
    def midnight(self) -> datetime:
        """At which today began, in UTC."""
        return datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC)


def read_known(connection: Connection, today: date, seed: int, strangers: Sequence[str]) -> Known:
    """Raises `NobodyThereError`. `strangers` may have become prospects by now, but for some."""
    users = [row for row in _read(connection, "users", "email", "first_name", "last_name", "active") if row["active"]]
    prospects = _read(connection, "prospects", "email", "first_name", "last_name", "account_id", "phone")
    prospects = [row for row in prospects if row["email"]]
    if not users or not prospects:
        raise NobodyThereError("the engagement database has no active users, or no prospects with a mail address")
    addresses = {row["email"].lower() for row in prospects}
    deals = _by_account(_read(connection, "opportunities", "account_id"))
    return Known(
        users=users,
        prospects=prospects,
        colleagues=_by_account(prospects),
        opportunities={account: [row["id"] for row in rows] for account, rows in deals.items()},
        strangers=[email for email in strangers if email.lower() not in addresses],
        today=today,
        seed=seed,
    )


def one(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """Any of them."""
    return items[int(rng.integers(0, len(items)))]


def _by_account(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row["account_id"] is not None:
            found[row["account_id"]].append(row)
    return dict(found)


def _read(connection: Connection, name: str, *columns: str) -> list[Row]:
    source = reflected(connection, name)
    names = ("id", *columns)
    rows = connection.execute(select(*(source.c[column] for column in names)).order_by(source.c["id"]))
    return [_named(dict(zip(names, row, strict=True))) for row in rows]


def _named(row: Row) -> Row:
    return row | {"name": " ".join(part for part in (row.get("first_name"), row.get("last_name")) if part)}
