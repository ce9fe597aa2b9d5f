"""first schema

Revision: 0001
After:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rectiflow.storage.types import Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "rectiflow_clock",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("original_due_on", sa.Date(), nullable=True),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.Column("consumed", sa.Integer(), nullable=False),
        sa.Column("running_since", Instant(), nullable=True),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("handed_in_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("fired", Json(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("next_occurrence", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", "clock", "run", name=op.f("pk_rectiflow_clock")),
    )
    op.create_table(
        "rectiflow_counter",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("district", "series", "year", name=op.f("pk_rectiflow_counter")),
    )
    op.create_table(
        "rectiflow_definition",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("catalogues", Json(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("district", "workflow", "version", name=op.f("pk_rectiflow_definition")),
    )
    op.create_table(
        "rectiflow_district",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_rectiflow_district")),
        sa.UniqueConstraint("prefix", name=op.f("uq_rectiflow_district_prefix")),
    )
    op.create_table(
        "rectiflow_document",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("signer", sa.String(), nullable=True),
        sa.Column("request", sa.Integer(), nullable=True),
        sa.Column("drafted_on", sa.Date(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_document")),
        sa.UniqueConstraint("district", "number", name=op.f("uq_rectiflow_document_district_number")),
    )
    with op.batch_alter_table("rectiflow_document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_document_draft",
            ["district", "drafted_on"],
            unique=False,
            postgresql_where=sa.text("status = 'draft'"),
            sqlite_where=sa.text("status = 'draft'"),
        )

    op.create_table(
        "rectiflow_document_item",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number", "ordinal", name=op.f("pk_rectiflow_document_item")),
        sa.UniqueConstraint(
            "district", "document", "number", name=op.f("uq_rectiflow_document_item_district_document_number")
        ),
    )
    op.create_table(
        "rectiflow_event",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("in_place_of", sa.String(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("public", Json(), nullable=False),
        sa.Column("private_digest", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number", "seq", name=op.f("pk_rectiflow_event")),
    )
    op.create_table(
        "rectiflow_evidence",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number", "seq", "sha256", name=op.f("pk_rectiflow_evidence")),
    )
    op.create_table(
        "rectiflow_holding",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("district", "post", "person", "since_on", name=op.f("pk_rectiflow_holding")),
    )
    op.create_table(
        "rectiflow_incident",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_incident")),
    )
    with op.batch_alter_table("rectiflow_incident", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_incident_open",
            ["district", "key"],
            unique=True,
            postgresql_where=sa.text("status = 'open'"),
            sqlite_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "rectiflow_message",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("params", Json(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("rendered_channel", sa.String(), nullable=True),
        sa.Column("rendered_to", sa.String(), nullable=True),
        sa.Column("rendered_subject", sa.String(), nullable=True),
        sa.Column("rendered_id", sa.String(), nullable=True),
        sa.Column("rendered_body", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district", "key", name=op.f("pk_rectiflow_message")),
    )
    with op.batch_alter_table("rectiflow_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_message_dead",
            ["district", "created_at"],
            unique=False,
            postgresql_where=sa.text("status = 'dead'"),
            sqlite_where=sa.text("status = 'dead'"),
        )
        batch_op.create_index("ix_rectiflow_message_number", ["district", "number"], unique=False)
        batch_op.create_index(
            "ix_rectiflow_message_waiting",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("status = 'waiting'"),
            sqlite_where=sa.text("status = 'waiting'"),
        )

    op.create_table(
        "rectiflow_person",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("grants", Json(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_person")),
        sa.UniqueConstraint("district", "account", name=op.f("uq_rectiflow_person_district_account")),
    )
    op.create_table(
        "rectiflow_post",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("roles", Json(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_post")),
    )
    op.create_table(
        "rectiflow_private",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("body", Json(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", "seq", name=op.f("pk_rectiflow_private")),
    )
    op.create_table(
        "rectiflow_report",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("cutoff_at", Instant(), nullable=False),
        sa.Column("made_at", Instant(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("paths", Json(), nullable=False),
        sa.PrimaryKeyConstraint("district", "kind", "period", "edition", name=op.f("pk_rectiflow_report")),
    )
    op.create_table(
        "rectiflow_request",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("data", Json(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number", "ordinal", name=op.f("pk_rectiflow_request")),
    )
    with op.batch_alter_table("rectiflow_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_request_pending",
            ["district", "kind"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "rectiflow_substitution",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("district", "person", "deputy", "since_on", name=op.f("pk_rectiflow_substitution")),
    )
    op.create_table(
        "rectiflow_task",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("callee", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", "kind", "seq", name=op.f("pk_rectiflow_task")),
    )
    with op.batch_alter_table("rectiflow_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_task_open",
            ["district", "number", "kind", "clock"],
            unique=True,
            postgresql_where=sa.text("status = 'open'"),
            sqlite_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "rectiflow_ticket",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("taken", Json(), nullable=False),
        sa.Column("marks", Json(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("listed", sa.String(), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("host_key", sa.String(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("inspecting_unit", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", name=op.f("pk_rectiflow_ticket")),
        sa.UniqueConstraint("district", "host_key", name=op.f("uq_rectiflow_ticket_district_host_key")),
    )
    with op.batch_alter_table("rectiflow_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_rectiflow_ticket_number", ["number"], unique=True)
        batch_op.create_index("ix_rectiflow_ticket_open_due", ["district", "is_open", "due_on"], unique=False)
        batch_op.create_index("ix_rectiflow_ticket_unit", ["district", "unit", "is_open"], unique=False)

    op.create_table(
        "rectiflow_timer",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("fired_at", Instant(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint(
            "district", "number", "clock", "run", "version", "step", "occurrence", name=op.f("pk_rectiflow_timer")
        ),
    )
    with op.batch_alter_table("rectiflow_timer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rectiflow_timer_armed",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("status = 'armed'"),
            sqlite_where=sa.text("status = 'armed'"),
        )

    op.create_table(
        "rectiflow_unit",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("aliases", Json(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("successor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id", name=op.f("pk_rectiflow_unit")),
    )
    _guard()


_GUARDED = ("rectiflow_event", "rectiflow_private")
_ERASED = "NEW.body IS NULL AND NEW.salt IS NULL AND NEW.district = OLD.district AND NEW.number = OLD.number AND NEW.seq = OLD.seq"


def _guard() -> None:
    """Make the history append-only; of the private part nothing but its erasure is let through."""
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgres()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table in _GUARDED:
        unless = f"WHEN NOT ({_ERASED})" if table == "rectiflow_private" else ""
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION rectiflow_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _GUARDED:
        unless = f"WHEN (NOT ({_ERASED}))" if table == "rectiflow_private" else ""
        for act, row in (("update", unless), ("delete", "")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table}"
                f" FOR EACH ROW {row} EXECUTE FUNCTION rectiflow_refuse()"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION rectiflow_refuse()"
        )
