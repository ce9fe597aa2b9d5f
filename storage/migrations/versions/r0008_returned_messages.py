"""messages that were sent and came back

Revision: 0008
After: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rectiflow.storage.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: What an open incident says was refused, and what is counted against an address.
_CAME_BACK = """
UPDATE rectiflow_message SET returned_at = sent_at WHERE status = 'sent' AND (
  EXISTS (SELECT 1 FROM rectiflow_incident i WHERE i.district = rectiflow_message.district AND i.status = 'open'
          AND i.key = coalesce(rectiflow_message.number, '') || '\\:returned\\:' || rectiflow_message.key)
  OR EXISTS (SELECT 1 FROM rectiflow_address_fault f WHERE f.district = rectiflow_message.district
             AND f.messages <> replace(f.messages, '\n' || rectiflow_message.key || '\n', '')))
"""


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("rectiflow_message", sa.Column("returned_at", Instant(), nullable=True))
    op.execute(_CAME_BACK)
    came_back = sa.text("returned_at IS NOT NULL")
    op.create_index(
        "ix_rectiflow_message_returned",
        "rectiflow_message",
        ["district", "returned_at"],
        postgresql_where=came_back,
        sqlite_where=came_back,
    )
