"""What Alembic runs: revisions over the connection that `modstamp.migrations` opened, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from modstamp.migrations import METADATA
from modstamp.sqltypes import Instant


def _render(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Revisions outlive the package's own types, so they name plain ones."""
    del autogenerate
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def _foreign(name: str | None, kind: str, _: Any) -> bool:
    """A table that is not ours may stand beside ours (G31)."""
    return kind != "table" or any(name in metadata.tables for metadata in METADATA)


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=list(METADATA),
    render_item=_render,
    include_name=_foreign,
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_server_default=connection.dialect.name == "postgresql",  # SQLite words them in its own way
)
context.run_migrations()
