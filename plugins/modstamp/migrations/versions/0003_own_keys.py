"""Intents keep the own key of a create, and when it began by the target's clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY_FIELD = "of a create with an own key: the external field that holds it (G21)"
_KEY_VALUE = "of a create with an own key: chosen before sending"
_BEGAN_AT = "by the target's clock: what it creates for this is not older (G21)"


def upgrade() -> None:
    with op.batch_alter_table("sync_intents") as table:
        table.add_column(sa.Column("key_field", sa.Text(), nullable=True, comment=_KEY_FIELD))
        table.add_column(sa.Column("key_value", sa.Text(), nullable=True, comment=_KEY_VALUE))
        table.add_column(sa.Column("began_at", sa.DateTime(timezone=True), nullable=True, comment=_BEGAN_AT))


def downgrade() -> None:
    with op.batch_alter_table("sync_intents") as table:
        for name in ("began_at", "key_value", "key_field"):
            table.drop_column(name)
