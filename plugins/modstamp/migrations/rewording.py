"""Other words in triggers that revisions have made: of what the database keeps by itself (``keep_…``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alembic import op
from sqlalchemy import text

_FUNCTIONS = text(
    "SELECT pg_get_functiondef(oid) FROM pg_proc"
    " WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'keep\\_%'"
)
_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'keep%'")


def reword(changes: Mapping[str, str]) -> None:
    """Old words → new ones, in every trigger that has them."""
    rewrite(lambda definition: _changed(definition, changes))


def rewrite(change: Callable[[str], str]) -> None:
    """Give every definition to `change`, and put what it returns in its place."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for definition in connection.scalars(_FUNCTIONS).all():
            if (changed := change(definition)) != definition:
                connection.exec_driver_sql(changed.replace("%", "%%"))
        return
    for name, definition in connection.execute(_TRIGGERS).all():
        if (changed := change(definition)) != definition:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(changed)


def _changed(definition: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        definition = definition.replace(old, new)
    return definition
