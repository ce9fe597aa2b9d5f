"""The hot statements, compiled once per dialect from the tables; at run time only their text is used.

Measured reason: SQLAlchemy's per-execute cost would keep a quarter of what the database can do, the text on the pool's own
driver connection keeps three quarters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy import (
    Dialect,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement

from .decode import CLOCK_COLUMNS, DOCUMENT_COLUMNS, REQUEST_COLUMNS, TICKET_COLUMNS
from .rows import Row
from .tables import table
from .types import Json, json_text

__all__ = ["CLAIMED_MESSAGE", "CLAIMED_TIMER", "Statement", "Statements", "compile_for"]

TIMER_KEY = tuple(c.name for c in table("timer").primary_key)
CLAIMED_TIMER = (*TIMER_KEY, "due_at", "attempts")
CLAIMED_MESSAGE = (
    "district",
    "key",
    "number",
    "seq",
    "recipient",
    "channel",
    "template",
    "template_version",
    "params",
    "urgent",
    "created_at",
    "attempts",
    "rendered_channel",
    "rendered_to",
    "rendered_subject",
    "rendered_id",
    "rendered_body",
    "detail",
)
_PLAIN = ("ticket", "event", "private", "evidence", "document_text", "inspection", "finding")
_UPSERTED = ("clock", "timer", "request", "document")
_BOUND = "b_"  #: begins the names of values in conditions: the library keeps the plain ones for what is set
_ONCE = ("timer", "document_item", "task", "message", "incident", "evidence")


class Statement(Struct, frozen=True):
    """SQL text with the order of its parameters; `json` are the places of those that hold JSON values."""

    sql: str
    names: tuple[str, ...]
    json: tuple[int, ...]
    pick: Callable[[Row], tuple[Any, ...]]

    def values(self, row: Row) -> Sequence[Any]:
        """Put a row's values into the order of the text, JSON as text."""
        picked = self.pick(row)
        if not self.json:
            return picked
        values = list(picked)
        for place in self.json:
            if values[place] is not None:
                values[place] = json_text(values[place])
        return values


class Statements(Struct, frozen=True, kw_only=True):
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
    claim_timers: Mapping[tuple[bool, bool], Statement]  #: by: of one district, left by somebody who never came back
    renew_timer: Statement
    release_timer: Statement
    fail_timer: Statement
    claim_messages: Mapping[tuple[bool, bool], Statement]
    keep_rendered: Statement
    keep_told: Statement
    renew_message: Statement
    finish_message: Statement
    finish_lean: Statement
    cancel_line: Statement
    cancel_paper: Statement
    left_of_line: Statement


class _Inserts(Protocol):
    def __call__(self, into: Table, /) -> Any: ...


@cache
def compile_for(dialect: str) -> Statements:
    """Compile the hot statements for `sqlite` or `postgresql`, once in a process."""
    if dialect == "sqlite":
        return _statements(_dialect("sqlite+pysqlite", "qmark"), sqlite.insert)
    return _statements(_dialect("postgresql+psycopg", "format"), postgresql.insert)


def _dialect(name: str, paramstyle: str) -> Dialect:
    """Make a dialect that numbers its parameters by their order."""
    kind: Any = make_url(f"{name}://").get_dialect()
    made: Dialect = kind(paramstyle=paramstyle)
    return made


def _statements(dialect: Dialect, into: _Inserts) -> Statements:
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
        claim_timers=_claims(text, dialect, "timer", "armed", CLAIMED_TIMER, _first_of_ticket()),
        renew_timer=text(_renew_timer()),
        release_timer=text(_release_timer()),
        fail_timer=text(_fail_timer()),
        claim_messages=_claims(text, dialect, "message", "waiting", CLAIMED_MESSAGE, _in_turn()),
        keep_rendered=text(_keep_rendered()),
        keep_told=text(_keep_rendered().values(params=bindparam("params"))),
        renew_message=text(_renew_message()),
        finish_message=text(_finish_message()),
        finish_lean=text(_finish_message().values(rendered_body=bindparam("rendered_body"))),
        cancel_line=text(_cancel_line()),
        cancel_paper=text(_cancel_paper()),
        left_of_line=text(_left_of_line()),
    )


def _text(statement: Any, dialect: Dialect) -> Statement:
    compiled: SQLCompiler = statement.compile(dialect=dialect)
    bound = tuple(compiled.positiontup or ())
    json = tuple(at for at, name in enumerate(bound) if isinstance(compiled.binds[name].type, Json))
    names = tuple(name.removeprefix(_BOUND) for name in bound)
    return Statement(str(compiled), names, json, _picker(names))


def _picker(names: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    return itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[n] for n in names)


def _is(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == bindparam(f"{_BOUND}{name}")


def _literal(sql: str) -> ColumnElement[Any]:
    """Write something into the text as it is, so that partial indexes fit it and nothing has to be handed over."""
    return literal_column(sql)


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
    documents = _array(dialect, [*(d.c[n] for n in DOCUMENT_COLUMNS[:-2]), i.c.ordinal, i.c.place]).where(
        i.c.district == t.c.district, i.c.number == t.c.number, d.c.district == i.c.district, d.c.id == i.c.document
    )
    read_at = _literal("clock_timestamp()" if dialect.name == "postgresql" else "NULL")
    return select(
        *(cast(t.c[n], Text) if isinstance(t.c[n].type, Json) else t.c[n] for n in TICKET_COLUMNS),
        *(q.correlate(t).scalar_subquery() for q in (clocks, requests, documents)),
        select(district.c.revision).where(district.c.code == t.c.district).scalar_subquery(),
        read_at,
    ).where(_is(t.c.number, "number"))


def _array(dialect: Dialect, columns: list[Any]) -> Select[Any]:
    """Gather rows as one JSON text; what is JSON already stays what it is."""
    if dialect.name == "postgresql":
        return select(cast(func.jsonb_agg(func.jsonb_build_array(*columns)), Text))
    plain = (func.json(c) if isinstance(c.type, Json) else c for c in columns)
    return select(func.json_group_array(func.json_array(*plain)))


def _upsert(into: _Inserts, target: Table) -> Any:
    """Overwrite a row in place; a ladder step that is behind stays behind."""
    statement = into(target)
    key = [c.name for c in target.primary_key]
    behind = target.c.status.in_((_literal("'armed'"), _literal("'failed'")))
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={c.name: statement.excluded[c.name] for c in target.c if c.name not in key},
        where=behind if target is table("timer") else None,
    )


def _update_ticket() -> Any:
    t = table("ticket")
    fixed = ("district", "number", "opened_at", "host_key")
    return (
        update(t)
        .where(_is(t.c.district, "district"), _is(t.c.number, "number"), _is(t.c.rev, "old_rev"))
        .values({c.name: bindparam(c.name) for c in t.c if c.name not in fixed})
    )


def _next_number(into: _Inserts) -> Any:
    c = table("counter")
    statement = into(c).values(
        district=bindparam("district"), series=bindparam("series"), year=bindparam("year"), last=_literal("1")
    )
    return statement.on_conflict_do_update(
        index_elements=["district", "series", "year"], set_={"last": c.c.last + _literal("1")}
    ).returning(c.c.last)


def _fire() -> Any:
    t = table("timer")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == _literal("'armed'"), *_mine(t))
        .values(
            status=_literal("'fired'"),
            fired_at=bindparam("fired_at"),
            owner=_literal("NULL"),
            lease_until=_literal("NULL"),
        )
    )


def _mine(claimed: Table) -> tuple[ColumnElement[bool], ...]:
    return _is(claimed.c.owner, "owner"), claimed.c.lease_until > bindparam("b_now")


def _disarm() -> Any:
    t = table("timer")
    return t.delete().where(*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == _literal("'armed'"))


def _end_task() -> Any:
    t = table("task")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in ("district", "number", "clock")), t.c.status == _literal("'open'"))
        .values(status=_literal("'done'"), ended_at=bindparam("ended_at"))
    )


def _in_turn() -> ColumnElement[bool]:
    """A message waits while an earlier one of its ticket to the same person failed so far, is being sent, or was left so.

    What only waits for the hours of its channel is in nobody's way, nor is what goes by another one.
    """
    m, earlier = table("message"), table("message").alias("earlier")
    failed = and_(earlier.c.due_at > bindparam("b_now"), earlier.c.attempts > _literal("0"))
    put_off = or_(failed, earlier.c.owner.is_not(None))
    return ~(
        select(earlier.c.key)
        .where(
            earlier.c.district == m.c.district,
            earlier.c.number == m.c.number,
            earlier.c.recipient == m.c.recipient,
            func.coalesce(earlier.c.channel, _literal("''")) == func.coalesce(m.c.channel, _literal("''")),
            earlier.c.seq < m.c.seq,
            earlier.c.status == _literal("'waiting'"),
            put_off,
        )
        .exists()
    )


def _of_district(name: str) -> ColumnElement[bool]:
    """Keep to one district without its index: what is due is little, what the district holds is much."""
    return _is(table(name).c.district.concat(_literal("''")), "district")


def _first_of_ticket() -> ColumnElement[bool]:
    """One timer of a ticket at a time, in the order they are due: it waits for an earlier one, and for one being fired."""
    t, other = table("timer"), table("timer").alias("other")
    own, theirs = (tuple_(x.c.due_at, *(x.c[n] for n in TIMER_KEY)) for x in (t, other))
    earlier = and_(other.c.due_at <= bindparam("b_now"), theirs < own)
    held = and_(other.c.lease_until.between(bindparam("b_now"), bindparam("b_far")), theirs != own)
    return ~(
        select(other.c.number)
        .where(
            other.c.district == t.c.district,
            other.c.number == t.c.number,
            other.c.status == _literal("'armed'"),
            or_(earlier, held),
        )
        .exists()
    )


def _renew_timer() -> Any:
    """Hold on to what is claimed and not yet done."""
    t = table("timer")
    mine = (*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == _literal("'armed'"), *_mine(t))
    return update(t).where(*mine).values(lease_until=bindparam("lease_until"))


def _release_timer() -> Any:
    """Let go of what was claimed and not begun; that was no attempt."""
    t = table("timer")
    mine = (*(_is(t.c[n], n) for n in TIMER_KEY), t.c.status == _literal("'armed'"), _is(t.c.owner, "owner"))
    free = {"owner": _literal("NULL"), "lease_until": _literal("NULL"), "attempts": t.c.attempts - _literal("1")}
    return update(t).where(*mine).values(free)


def _claims(
    text: Callable[[Any], Statement],
    dialect: Dialect,
    name: str,
    status: str,
    returned: tuple[str, ...],
    in_turn: ColumnElement[bool],
) -> Mapping[tuple[bool, bool], Statement]:
    return {
        (of_district, left): text(
            _claim(dialect, name, status, returned, *((_of_district(name),) if of_district else ()), in_turn, left=left)
        )
        for of_district in (False, True)
        for left in (False, True)
    }


def _claim(
    dialect: Dialect,
    name: str,
    status: str,
    returned: tuple[str, ...],
    *in_turn: ColumnElement[bool],
    left: bool = False,
) -> Any:
    """Take what is due and free, oldest first, for a lease; the attempt counts from the claim on.

    `left`: not what was given back, but what somebody left who never came back, least often tried first. A lease that
    ends farther ahead than any that is given (`b_far`) was taken under a wrong clock, and is as good as over.
    """
    t = table(name)
    key = [c.name for c in t.primary_key]
    over = or_(t.c.lease_until < bindparam("b_now"), t.c.lease_until > bindparam("b_far"))
    free = and_(t.c.owner.is_not(None), over) if left else t.c.owner.is_(None)
    due = (
        select(*(t.c[n] for n in key))
        .where(t.c.status == _literal(f"'{status}'"), t.c.due_at <= bindparam("b_now"), free, *in_turn)
        .order_by(*((t.c.attempts,) if left else ()), t.c.due_at)
        .limit(bindparam("b_limit", type_=Integer))
        .offset(_literal("0"))
        .with_for_update(skip_locked=True)
    )
    change = update(t).values(
        owner=bindparam("owner"), lease_until=bindparam("lease_until"), attempts=t.c.attempts + _literal("1")
    )
    return change.where(_among(dialect, t, key, due)).returning(*(t.c[n] for n in returned))


def _among(dialect: Dialect, t: Table, key: list[str], due: Select[Any]) -> ColumnElement[bool]:
    """Choose the rows found; PostgreSQL might look for them several times, and lock more, were they no CTE."""
    if dialect.name == "postgresql":
        found = due.cte("due")
        return and_(*(t.c[n] == found.c[n] for n in key))
    return tuple_(*(t.c[n] for n in key)).in_(due)


def _fail_timer() -> Any:
    t = table("timer")
    return (
        update(t)
        .where(*(_is(t.c[n], n) for n in TIMER_KEY), _is(t.c.owner, "owner"))
        .values(
            status=bindparam("status"),
            due_at=bindparam("due_at"),
            error=bindparam("error"),
            owner=_literal("NULL"),
            lease_until=_literal("NULL"),
        )
    )


def _keep_rendered() -> Any:
    m = table("message")
    columns = (
        "rendered_channel",
        "rendered_to",
        "rendered_subject",
        "rendered_id",
        "rendered_body",
        "template_version",
        "lease_until",
    )
    return (
        update(m)
        .where(_is(m.c.district, "district"), _is(m.c.key, "key"), *_mine(m))
        .values({n: bindparam(n) for n in columns})
    )


def _renew_message() -> Any:
    """Hold on to a message that is about to be handed over."""
    m = table("message")
    mine = (_is(m.c.district, "district"), _is(m.c.key, "key"), *_mine(m))
    return update(m).where(*mine).values(lease_until=bindparam("lease_until"))


def _finish_message() -> Any:
    m = table("message")
    return (
        update(m)
        .where(_is(m.c.district, "district"), _is(m.c.key, "key"), _is(m.c.owner, "owner"))
        .values(
            status=bindparam("status"),
            due_at=bindparam("due_at"),
            sent_at=bindparam("sent_at"),
            detail=bindparam("detail"),
            attempts=bindparam("attempts"),
            owner=_literal("NULL"),
            lease_until=_literal("NULL"),
        )
    )


def _of_line() -> tuple[ColumnElement[bool], ...]:
    m = table("message")
    return tuple(_is(m.c[n], n) for n in ("district", "number", "seq"))


def _cancel_line() -> Any:
    """Cancel what a line of history was about to tell and nobody is sending."""
    m = table("message")
    waiting = and_(m.c.status.in_((_literal("'waiting'"), _literal("'held'"))), m.c.owner.is_(None))
    return update(m).where(*_of_line(), waiting).values(status=_literal("'cancelled'"), detail=bindparam("detail"))


def _cancel_paper() -> Any:
    """Cancel what a hazard's line was about to tell of a paper, by the beginning of the messages' keys."""
    m = table("message")
    waiting = and_(m.c.status.in_((_literal("'waiting'"), _literal("'held'"))), m.c.owner.is_(None))
    about = and_(_is(m.c.district, "district"), _is(m.c.number, "number"), m.c.key.like(bindparam("b_begin")))
    return update(m).where(about, waiting).values(status=_literal("'cancelled'"), detail=_literal("'文书已作废'"))


def _left_of_line() -> Any:
    """Count what a line of history has told, or is telling."""
    m = table("message")
    return select(func.count()).select_from(m).where(*_of_line(), m.c.status != _literal("'cancelled'"))
