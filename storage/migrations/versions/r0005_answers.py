"""what comes in by mail and short message, addresses that do not work, and which way people like to be told

Revision: 0005
After: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rectiflow.storage.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("rectiflow_person", sa.Column("channels", sa.String(), nullable=True))
    op.create_table(
        "rectiflow_incoming",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("raw", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_incoming")),
    )
    op.create_index(
        "ix_rectiflow_incoming_waiting",
        "rectiflow_incoming",
        ["district", "received_at"],
        postgresql_where=sa.text("status = 'waiting'"),
        sqlite_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_rectiflow_incoming_received", "rectiflow_incoming", ["district", "received_at"])
    op.create_table(
        "rectiflow_address_fault",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("last_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "channel", "address", name=op.f("pk_rectiflow_address_fault")),
    )
    op.create_index(
        "ix_rectiflow_message_rendered",
        "rectiflow_message",
        ["rendered_id"],
        postgresql_where=sa.text("rendered_id IS NOT NULL"),
        sqlite_where=sa.text("rendered_id IS NOT NULL"),
    )
    op.create_index(
        "ix_rectiflow_message_sent",
        "rectiflow_message",
        ["district", "recipient", "sent_at"],
        postgresql_where=sa.text("status = 'sent'"),
        sqlite_where=sa.text("status = 'sent'"),
    )
