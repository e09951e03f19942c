"""The stages that every engagement database starts with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAMES = ("New", "Approaching", "Replied", "Unresponsive", "Do Not Contact", "Bad Data")
_stages = sa.table("stages", sa.column("name", sa.String), sa.column("position", sa.Integer))


def upgrade() -> None:
    op.bulk_insert(_stages, [{"name": name, "position": position} for position, name in enumerate(_NAMES)])


def downgrade() -> None:
    op.execute(sa.delete(_stages).where(_stages.c.name.in_(_NAMES)))
