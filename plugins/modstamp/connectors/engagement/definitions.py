"""What the tables of the engagement database have in common.

Every table has an `id` that is never given twice (links outlive rows), and `created_at` and `updated_at`, which the
database keeps by itself. References forbid to delete what they name: emptied instead, they would travel to the other
side as edits that nobody made. Only what was done with a prospect outlives the prospect.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, MetaData, Table, func

from modstamp.sqltypes import Instant

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s",
    },
)
CREATED_AT, UPDATED_AT = "created_at", "updated_at"  # kept by the database, here and in foreign tables that have them
KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows in columns called INTEGER only


def table(name: str, comment: str, *columns: Column[Any] | Index) -> Table:
    """A table with its key and its two times."""
    return Table(
        name,
        metadata,
        Column("id", KEY, Identity(), primary_key=True),
        *columns,
        Column(CREATED_AT, Instant, nullable=False, server_default=func.current_timestamp()),
        Column(
            UPDATED_AT,
            Instant,
            nullable=False,
            server_default=func.current_timestamp(),
            comment="last edit",
        ),
        comment=comment,
        sqlite_autoincrement=True,
    )


def reference(name: str, target: Table, comment: str) -> Column[int]:
    """A column that may name a row of another table."""
    return Column(name, KEY, ForeignKey(target.c.id), index=True, comment=comment)


def with_whom(prospects: Table, comment: str) -> Column[int]:
    """The prospect whom something was done with; nobody, once the prospect is deleted."""
    return Column("prospect_id", KEY, ForeignKey(prospects.c.id, ondelete="SET NULL"), index=True, comment=comment)


def owner(name: str, target: Table, ondelete: str | None = None) -> Column[int]:
    """A column that names the row of another table without which this row would not be."""
    return Column(name, KEY, ForeignKey(target.c.id, ondelete=ondelete), nullable=False, index=True)
