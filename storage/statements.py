"""The hot statements, compiled once per dialect from the tables; at run time only their text is used.

Measured reason: SQLAlchemy's per-execute cost would keep a quarter of what the database can do, the text on the pool's own
driver connection keeps three quarters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Dialect, Integer, Select, Table, bindparam, func, insert, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement

from .rows import CLOCK_COLUMNS, DOCUMENT_COLUMNS, REQUEST_COLUMNS, TICKET_COLUMNS, Row
from .tables import METADATA
from .types import Json, json_text

__all__ = ["CLAIMED_MESSAGE", "CLAIMED_TIMER", "Statement", "Statements", "compile_for", "table"]

TIMER_KEY = ("district", "number", "clock", "run", "version", "step", "occurrence")
CLAIMED_TIMER = (*TIMER_KEY, "due_at", "attempts")
CLAIMED_MESSAGE = (
    "district", "key", "number", "seq", "recipient", "channel", "template", "template_version", "params", "urgent",
    "created_at", "attempts", "rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body",
)
_PLAIN = ("ticket", "event", "private", "evidence")
_UPSERTED = ("clock", "timer", "request", "document")
_ONCE = ("timer", "document_item", "task", "message", "incident", "evidence")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text with the order of its parameters; `json` names those that hold JSON values."""

    sql: str
    names: tuple[str, ...]
    json: frozenset[str]

    def values(self, row: Row) -> list[Any]:
        """Put a row's values into the order of the text, JSON as text."""
        dump = self.json
        return [json_text(row[n]) if n in dump and row[n] is not None else row[n] for n in self.names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements a store runs for every action, timer and message."""

    load: Statement
    by_key: Statement
    insert: Mapping[str, Statement]
    upsert: Mapping[str, Statement]
    once: Mapping[str, Statement]
    update_ticket: Statement
    next_number: Statement
    fire: Statement
    disarm: Statement
    end_task: Statement
    claim_timers: Statement
    fail_timer: Statement
    claim_messages: Statement
    keep_rendered: Statement
    finish_message: Statement
    create_whole: str = ""  #: PostgreSQL: one statement for a new ticket with everything
    change_whole: str = ""  #: PostgreSQL: one statement for a changed ticket with everything


class _Inserts(Protocol):
    def __call__(self, into: Table, /) -> Any: ...


def table(name: str) -> Table:
    """Return one of our tables by its short name."""
    return METADATA.tables[f"rectiflow_{name}"]


def compile_for(dialect: str) -> Statements:
    """Compile the hot statements for `sqlite` or `postgresql`."""
    if dialect == "sqlite":
        return _statements(sqlite.dialect(paramstyle="qmark"), sqlite.insert)
    return _statements(postgresql.dialect(paramstyle="format"), postgresql.insert)


def _statements(dialect: Dialect, into: _Inserts) -> Statements:
    one_statement = dialect.name == "postgresql"

    def text(statement: Any) -> Statement:
        return _text(statement, dialect)

    ticket = table("ticket")
    return Statements(
        load=text(_load(dialect)),
        by_key=text(
            select(ticket.c.number).where(
                ticket.c.district == bindparam("b_district"), ticket.c.host_key == bindparam("b_key")
            )
        ),
        insert={n: text(insert(table(n))) for n in _PLAIN},
        upsert={n: text(_upsert(into, table(n))) for n in _UPSERTED},
        once={n: text(into(table(n)).on_conflict_do_nothing()) for n in _ONCE},
        update_ticket=text(_update_ticket()),
        next_number=text(_next_number(into)),
        fire=text(_fire()),
        disarm=text(_disarm()),
        end_task=text(_end_task()),
        claim_timers=text(_claim("timer", "armed", CLAIMED_TIMER)),
        fail_timer=text(_fail_timer()),
        claim_messages=text(_claim("message", "waiting", CLAIMED_MESSAGE, _in_turn())),
        keep_rendered=text(_keep_rendered()),
        finish_message=text(_finish_message()),
        create_whole=_whole("INSERT INTO rectiflow_ticket SELECT * FROM r RETURNING 1") if one_statement else "",
        change_whole=_whole(_GUARDED) if one_statement else "",
    )


def _text(statement: Any, dialect: Dialect) -> Statement:
    compiled: SQLCompiler = statement.compile(dialect=dialect)
    names = tuple(compiled.positiontup or ())
    return Statement(str(compiled), names, frozenset(n for n in names if isinstance(compiled.binds[n].type, Json)))


def _is(column: Any, name: str) -> ColumnElement[bool]:
    return column == bindparam(f"b_{name}")


def _load(dialect: Dialect) -> Select[Any]:
    t, c, later = table("ticket"), table("clock"), table("clock").alias("later")
    r, d, i, district = table("request"), table("document"), table("document_item"), table("district")
    latest = select(func.max(later.c.run)).where(
        later.c.district == t.c.district, later.c.number == t.c.number, later.c.clock == c.c.clock
    )
    clocks = _array(dialect, [c.c[n] for n in CLOCK_COLUMNS]).where(
        c.c.district == t.c.district, c.c.number == t.c.number, c.c.run == latest.correlate(t, c).scalar_subquery()
    )
    requests = _array(dialect, [r.c[n] for n in REQUEST_COLUMNS]).where(
        r.c.district == t.c.district, r.c.number == t.c.number
    )
    documents = _array(dialect, [*(d.c[n] for n in DOCUMENT_COLUMNS), i.c.ordinal]).where(
        i.c.district == t.c.district, i.c.number == t.c.number, d.c.district == i.c.district, d.c.id == i.c.document
    )
    read_at = func.clock_timestamp() if dialect.name == "postgresql" else literal_column("NULL")
    return select(
        *(t.c[n] for n in TICKET_COLUMNS),
        *(q.correlate(t).scalar_subquery() for q in (clocks, requests, documents)),
        select(district.c.revision).where(district.c.code == t.c.district).scalar_subquery(),
        read_at,
    ).where(_is(t.c.number, "number"))


def _array(dialect: Dialect, columns: list[Any]) -> Select[Any]:
    if dialect.name == "postgresql":
        return select(func.jsonb_agg(func.jsonb_build_array(*columns)))
    return select(func.json_group_array(func.json_array(*columns)))


def _upsert(into: _Inserts, target: Table) -> Any:
    statement = into(target)
    key = [c.name for c in target.primary_key]
    return statement.on_conflict_do_update(
        index_elements=key, set_={c.name: statement.excluded[c.name] for c in target.c if c.name not in key}
    )


def _update_ticket() -> Any:
    t = table("ticket")
    fixed = ("district", "number", "opened_at", "host_key")
    return (
        update(t)
        .where(_is(t.c.district, "district"), _is(t.c.number, "number"), _is(t.c.rev, "rev"))
        .values({c.name: bindparam(c.name) for c in t.c if c.name not in fixed})
    )


def _next_number(into: _Inserts) -> Any:
    c = table("counter")
    statement = into(c).values(
        district=bindparam("district"), series=bindparam("series"), year=bindparam("year"), last=literal_column("1")
    )
    return statement.on_conflict_do_update(
        index_elements=["district", "series", "year"], set_={"last": c.c.last + literal_column("1")}
    ).returning(c.c.last)


def _fire() -> Any:
    t = table("timer")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == literal_column("'armed'"), *_mine(t))
        .values(
            status=literal_column("'fired'"), fired_at=bindparam("fired_at"),
            owner=literal_column("NULL"), lease_until=literal_column("NULL"),
        )
    )


def _mine(claimed: Table) -> tuple[ColumnElement[bool], ...]:
    return _is(claimed.c.owner, "owner"), claimed.c.lease_until > bindparam("b_now")


def _disarm() -> Any:
    t = table("timer")
    return t.delete().where(*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == literal_column("'armed'"))


def _end_task() -> Any:
    t = table("task")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in ("district", "number", "clock")), t.c.status == literal_column("'open'"))
        .values(status=literal_column("'done'"), ended_at=bindparam("ended_at"))
    )


def _in_turn() -> ColumnElement[bool]:
    """A message waits while an earlier one of its ticket to the same person is put off or being sent."""
    m, earlier = table("message"), table("message").alias("earlier")
    put_off = or_(earlier.c.due_at > bindparam("b_now"), earlier.c.lease_until >= bindparam("b_now"))
    return ~(
        select(earlier.c.key)
        .where(
            earlier.c.district == m.c.district, earlier.c.number == m.c.number, earlier.c.recipient == m.c.recipient,
            earlier.c.seq < m.c.seq, earlier.c.status == literal_column("'waiting'"), put_off,
        )
        .exists()
    )


def _claim(name: str, status: str, returned: tuple[str, ...], *in_turn: ColumnElement[bool]) -> Any:
    """Take what is due and free, oldest first, for a lease; the attempt counts from the claim on."""
    t = table(name)
    key = [t.c[c.name] for c in t.primary_key]
    free = or_(t.c.owner.is_(None), t.c.lease_until < bindparam("b_now"))
    due = (
        select(*key)
        .where(t.c.status == literal_column(f"'{status}'"), t.c.due_at <= bindparam("b_now"), free, *in_turn)
        .order_by(t.c.due_at)
        .limit(bindparam("b_limit", type_=Integer))
        .offset(literal_column("0"))
        .with_for_update(skip_locked=True)
    )
    return (
        update(t)
        .where(tuple_(*key).in_(due))
        .values(
            owner=bindparam("owner"), lease_until=bindparam("lease_until"), attempts=t.c.attempts + literal_column("1")
        )
        .returning(*(t.c[n] for n in returned))
    )


def _fail_timer() -> Any:
    t = table("timer")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in TIMER_KEY), _is(t.c.owner, "owner"))
        .values(
            status=bindparam("status"), due_at=bindparam("due_at"), error=bindparam("error"),
            owner=literal_column("NULL"), lease_until=literal_column("NULL"),
        )
    )


def _keep_rendered() -> Any:
    m = table("message")
    columns = ("rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body", "template_version")
    return (
        update(m)
        .where(_is(m.c.district, "district"), _is(m.c.key, "key"), *_mine(m))
        .values({n: bindparam(n) for n in columns})
    )


def _finish_message() -> Any:
    m = table("message")
    return (
        update(m)
        .where(_is(m.c.district, "district"), _is(m.c.key, "key"), _is(m.c.owner, "owner"))
        .values(
            status=bindparam("status"), due_at=bindparam("due_at"), sent_at=bindparam("sent_at"),
            detail=bindparam("detail"), attempts=bindparam("attempts"),
            owner=literal_column("NULL"), lease_until=literal_column("NULL"),
        )
    )


# PostgreSQL: one transition is one statement ---------------------------------------------------------------------

_COLUMNS = ", ".join(c.name for c in table("ticket").c)
_GUARDED = f"""UPDATE rectiflow_ticket x SET ({_COLUMNS}) = (SELECT {_COLUMNS} FROM r)
    FROM r WHERE x.district = r.district AND x.number = r.number AND x.rev = r.rev - 1
    AND ((SELECT j -> 'fired' FROM p) IS NULL OR EXISTS (SELECT 1 FROM f)) RETURNING 1"""  # noqa: S608 names are ours


def _whole(ticket_sql: str) -> str:
    """Write the statement that carries out a whole decision, given as one JSON value with a list per table.

    Nothing is written unless the ticket's version still fits and, for a timer, the claim still holds.
    """
    key = " AND ".join(f"x.{n} = k.{n}" for n in TIMER_KEY)
    parts = [
        "p AS (SELECT %(rows)s::jsonb AS j)",
        "r AS (SELECT x.* FROM p, jsonb_populate_record(NULL::rectiflow_ticket, p.j -> 'ticket') x)",
        "k AS (SELECT x.* FROM p, jsonb_populate_recordset(NULL::rectiflow_timer, p.j -> 'fired') x)",
        f"f AS (SELECT 1 FROM rectiflow_timer x JOIN k ON {key} WHERE x.status = 'armed' AND x.owner = %(owner)s"
        " AND x.lease_until > %(now)s::timestamptz FOR UPDATE OF x)",
        f"t AS ({ticket_sql})",
        f"u AS (UPDATE rectiflow_timer x SET status = 'fired', fired_at = k.fired_at, owner = NULL, lease_until = NULL"
        f" FROM k, t WHERE {key})",
        f"d AS (DELETE FROM rectiflow_timer x USING t, p, jsonb_populate_recordset(NULL::rectiflow_timer, p.j -> 'disarmed') k"
        f" WHERE {key} AND x.status = 'armed')",
        "e AS (UPDATE rectiflow_task x SET status = 'done', ended_at = k.ended_at FROM t, p,"
        " jsonb_populate_recordset(NULL::rectiflow_task, p.j -> 'ended') k WHERE x.district = k.district"
        " AND x.number = k.number AND x.clock = k.clock AND x.status = 'open')",
        *(_fill(n, n, "") for n in ("event", "private")),
        *(_fill(n, n, _overwrite(n)) for n in ("clock", "request", "document")),
        _fill("armed", "timer", _overwrite("timer")),
        *(_fill(n, n, " ON CONFLICT DO NOTHING") for n in ("document_item", "task", "message", "evidence", "incident")),
        _fill("crossed", "timer", " ON CONFLICT DO NOTHING"),
    ]
    return "WITH " + ",\n".join(parts) + "\nSELECT count(*) FROM t"


def _fill(source: str, target: str, conflict: str) -> str:
    rows = f"jsonb_populate_recordset(NULL::rectiflow_{target}, p.j -> '{source}')"
    return f"i_{source} AS (INSERT INTO rectiflow_{target} SELECT x.* FROM t, p, {rows} x{conflict})"  # noqa: S608


def _overwrite(name: str) -> str:
    target = table(name)
    key = [c.name for c in target.primary_key]
    rest = ", ".join(f"{c.name} = EXCLUDED.{c.name}" for c in target.c if c.name not in key)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest}"
