"""which messages came back and which returns were the address's own fault, and short messages found by the number they went to

Revision: 0006
After: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("rectiflow_address_fault", sa.Column("hard", sa.Integer(), server_default="0", nullable=False))
    op.execute("ALTER TABLE rectiflow_address_fault RENAME COLUMN last_by TO messages")
    op.execute("UPDATE rectiflow_address_fault SET messages = '\n' || messages || '\n'")  # a line each
    op.create_index(
        "ix_rectiflow_message_to",
        "rectiflow_message",
        ["district", "rendered_to", "sent_at"],
        postgresql_where=sa.text("status = 'sent'"),
        sqlite_where=sa.text("status = 'sent'"),
    )
