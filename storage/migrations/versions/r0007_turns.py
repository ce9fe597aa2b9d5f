"""turns at receivers that take only so many messages, and messages found by whom they are just going to

Revision: 0007
After: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "rectiflow_turn",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("free_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rectiflow_turn")),
    )
    going = sa.text("status = 'waiting' AND rendered_to IS NOT NULL")
    op.create_index(
        "ix_rectiflow_message_going",
        "rectiflow_message",
        ["district", "rendered_to"],
        postgresql_where=going,
        sqlite_where=going,
    )
