"""Whether several prospects may have one mail address: a setting, kept by an index (OSF-018, OSF-020)."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from modstamp.errors import ConfigurationError, Problem

_INDEX = "prospects_email_lower"
_DEFINITION = {
    "postgresql": "SELECT indexdef FROM pg_indexes WHERE indexname = :name AND schemaname = current_schema()",
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name",
}


def let_repeat(connection: Connection, *, repeat: bool) -> None:
    """Raises `ConfigurationError` when addresses are to be unique again, and some are not."""
    found = connection.execute(text(_DEFINITION[connection.dialect.name]), {"name": _INDEX}).scalar() or ""
    if ("UNIQUE" not in found) is repeat:
        return
    kind = "INDEX" if repeat else "UNIQUE INDEX"
    connection.execute(text(f"DROP INDEX IF EXISTS {_INDEX}"))
    try:
        connection.execute(text(f"CREATE {kind} {_INDEX} ON prospects (lower(email))"))
    except IntegrityError:
        what = "several prospects have the same mail address"
        fix = "merge them, or leave MODSTAMP_DUPLICATE_PROSPECTS on"
        raise ConfigurationError([Problem("engagement database", what, fix)]) from None
