"""The store's verbs: load, apply, claim, finish, enqueue. One transaction per decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Engine

from rectiflow.engine.decision import Decision
from rectiflow.engine.errors import Conflict, NotFound
from rectiflow.engine.moments import local_day
from rectiflow.engine.paper import paper_id
from rectiflow.engine.ticket import Document, Ticket, TimerKey
from rectiflow.engine.visiting import Visit
from rectiflow.engine.vocabulary import PAPERS

from . import decode, whole
from . import rows as r
from .claims import Claim, ClaimLost, Claims, DueTimer
from .faults import explain
from .link import Link, savepoint
from .statements import Statement, Statements, compile_for
from .types import instant_text, json_text, read_instant

__all__ = ["AlreadyTold", "Beside", "Claim", "ClaimLost", "DueTimer", "KeyTaken", "Store"]


class KeyTaken(Exception):
    """A ticket with this host key exists already."""


class Beside(Struct, frozen=True, kw_only=True):
    """What is written in one transaction with decisions: a visit with its findings, and the texts of papers by id."""

    district: str = ""
    visit: Visit | None = None
    texts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unsaid: tuple[str, int, str] | None = (
        None  #: number and line whose messages are cancelled, and why; none may have left
    )
    voided: str | None = None  #: id of a paper of which nobody need be told any more

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to write."""
        return self.visit is None and not self.texts and self.unsaid is None and self.voided is None


class AlreadyTold(Exception):
    """A message that was to be cancelled has left meanwhile; nothing is written."""


_NOTHING = Beside()


class Store(Claims):
    """Remembers decisions on SQLite or PostgreSQL. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Link(engine), compile_for(engine.dialect.name))
        self.engine = engine
        self._whole = engine.dialect.name == "postgresql"
        self._writing = _writing(self.statements)

    def close(self) -> None:
        """Give the connections back."""
        self.link.close()

    # load -------------------------------------------------------------------------------------------------------

    def load(self, number: str) -> decode.Loaded:
        """Read a ticket with its clocks, requests and papers.

        Raises:
            NotFound: there is no such number.
        """
        row = self.link.first(self.statements.load.sql, [number])
        if row is None:
            raise NotFound(f"没有编号为“{number}”的隐患。")
        return decode.decode_loaded(row)

    def by_key(self, district: str, key: str) -> str | None:
        """Return the number of the ticket a host's key was first used for."""
        row = self.link.first(self.statements.by_key.sql, [district, key])
        return row[0] if row else None

    def now(self) -> datetime | None:
        """Return the database's own time; None where it has none of its own (SQLite)."""
        return read_instant(self.link.first("SELECT clock_timestamp()")[0]) if self._whole else None

    # apply ------------------------------------------------------------------------------------------------------

    def apply(self, decision: Decision, *, prefix: str, claim: Claim | None = None) -> Ticket:
        """Carry out one decision in one transaction; return the ticket as it is then stored.

        Raises:
            Conflict: the ticket has changed since it was loaded; nothing is written.
            ClaimLost: the timer this decision answers is no longer ours; nothing is written.
            KeyTaken: a new ticket's host key is in use; nothing is written.
        """
        return self.apply_all([decision], prefix=prefix, claim=claim)[0]

    def apply_all(
        self, decisions: Sequence[Decision], *, prefix: str, claim: Claim | None = None, beside: Beside = _NOTHING
    ) -> list[Ticket]:
        """Carry out several decisions of different tickets in one transaction, with what goes beside them: all or none."""
        ready = [self._ready(d) for d in decisions]
        alone = self._whole and len(decisions) == 1 and ready[0] is not None and beside.nothing

        def work(cursor: Any) -> list[Ticket]:
            numbers: dict[str, str] = {}
            self._unsay_paper(cursor, beside, decisions)
            tickets = [
                self._apply(cursor, d, prefix, claim, numbers, rows) for d, rows in zip(decisions, ready, strict=True)
            ]
            self._write_beside(cursor, beside, [t.number for t in tickets])
            return tickets

        try:
            if alone:
                with self.link.alone() as cursor:
                    return work(cursor)
            return self.link.write(work)
        except Exception as exc:
            if _is_key_taken(exc):
                raise KeyTaken from exc
            raise

    def apply_each(self, orders: Sequence[tuple[Decision, Claim | None, str]]) -> list[Ticket | Conflict | ClaimLost]:
        """Carry out decisions of different tickets with one commit, each by itself: one that comes too late harms no other.

        Args:
            orders: each decision with its claim and the prefix of its district.

        Raises:
            whatever the database says when it cannot write; then nothing of any of them is written.
        """
        ready = [self._ready(decision) for decision, *_ in orders]

        def work(cursor: Any) -> list[Ticket | Conflict | ClaimLost]:
            found: list[Ticket | Conflict | ClaimLost] = []
            for (decision, claim, prefix), rows in zip(orders, ready, strict=True):
                try:
                    with nullcontext() if self._whole else savepoint(cursor):
                        found.append(self._apply(cursor, decision, prefix, claim, {}, rows))
                except (Conflict, ClaimLost) as exc:
                    found.append(exc)
            return found

        return self.link.write(work)

    def take_serial(self, district: str, series: str, year: int) -> int:
        """Take the next number of a series for good, in a transaction of its own."""
        return self.link.write(lambda cursor: self._next(cursor, district, series, year))

    def _ready(self, decision: Decision) -> _Ready:
        """Make the rows of a decision, unless numbers have to be taken first, within the transaction."""
        try:
            return None if _takes_number(decision) else r.rows_of(decision, decision.ticket.number, {})
        except ValueError as exc:  # text that no database can keep
            explain(exc, self.engine.url)
            raise

    def _apply(
        self, cursor: Any, decision: Decision, prefix: str, claim: Claim | None, numbers: dict[str, str], ready: _Ready
    ) -> Ticket:
        if ready is None:
            number = decision.ticket.number or self._number(cursor, decision, prefix)
            decision = self._named(cursor, decision, prefix)
            ready = r.rows_of(decision, number, self._paper_numbers(cursor, decision, numbers))
        ticket, rows = ready
        if self._whole:
            self._write_whole(cursor, rows, claim)
        else:
            self._write(cursor, rows, claim)
        return ticket

    def _number(self, cursor: Any, decision: Decision, prefix: str) -> str:
        year = local_day(decision.events[0].recorded_at).year
        return f"{prefix}-{year}-{self._next(cursor, decision.ticket.district, 'ticket', year):06d}"

    def _named(self, cursor: Any, decision: Decision, prefix: str) -> Decision:
        """Give every new paper its id, by which people speak of it while it is a draft."""
        if all(d.id for d in decision.documents):
            return decision
        district = decision.ticket.district
        named = (
            d if d.id else replace(d, id=paper_id(prefix, d.drafted_on.year, self._next_paper(cursor, district, d)))
            for d in decision.documents
        )
        return replace(decision, documents=tuple(named))

    def _next_paper(self, cursor: Any, district: str, paper: Document) -> int:
        return self._next(cursor, district, "document", paper.drafted_on.year)

    def _paper_numbers(self, cursor: Any, decision: Decision, taken: dict[str, str]) -> Mapping[int, str]:
        """Take the number of every paper that is signed now; one that covers several tickets takes one."""
        numbers: dict[int, str] = {}
        for paper in decision.documents:
            if paper.status == "signed" and paper.number is None and paper.signed_on is not None:
                if paper.id not in taken:
                    year = paper.signed_on.year
                    count = self._next(cursor, decision.ticket.district, f"paper:{paper.kind}", year)
                    taken[paper.id] = f"{PAPERS.get(paper.kind, paper.kind)}〔{year}〕{count}号"
                numbers[paper.ordinal] = taken[paper.id]
        return numbers

    def _write_beside(self, cursor: Any, beside: Beside, numbers: Sequence[str]) -> None:
        """Write what goes with the decisions; the findings of a visit are its tickets in their order."""
        s = self.statements
        if beside.visit is not None:
            visit, findings = r.visit_rows(beside.visit, numbers)
            _all(cursor, s.insert["inspection"], [visit])
            _all(cursor, s.insert["finding"], findings)
        if beside.unsaid is not None:
            self._cancel(cursor, beside.district, *beside.unsaid)
        texts = [r.text_row(beside.district, key, body) for key, body in beside.texts.items()]
        _all(cursor, s.insert["document_text"], texts)

    def _unsay_paper(self, cursor: Any, beside: Beside, decisions: Sequence[Decision]) -> None:
        """Cancel what was about to be told of a paper that is made void, before it is told that it is."""
        statement = self.statements.cancel_paper
        for number in (d.ticket.number for d in decisions if beside.voided):
            about = {"district": beside.district, "number": number, "begin": f"{number}:paper:{beside.voided}:%"}
            cursor.execute(statement.sql, statement.values(about))

    def _next(self, cursor: Any, district: str, series: str, year: int) -> int:
        statement = self.statements.next_number
        values = statement.values({"district": district, "series": series, "year": year})
        return int(cursor.execute(statement.sql, values).fetchone()[0])

    def _cancel(self, cursor: Any, district: str, number: str, seq: int, why: str) -> None:
        line = {"district": district, "number": number, "seq": seq, "detail": why}
        cancel, left = self.statements.cancel_line, self.statements.left_of_line
        cursor.execute(cancel.sql, cancel.values(line))
        if cursor.execute(left.sql, left.values(line)).fetchone()[0]:
            raise AlreadyTold

    # SQLite: statement by statement -----------------------------------------------------------------------------

    def _write(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> None:
        if rows.fired is not None:
            self._fire(cursor, rows, rows.fired, claim)
        self._write_ticket(cursor, rows)
        for name, found in rows.lists.items():
            _all(cursor, self._writing[name], found)

    def _write_ticket(self, cursor: Any, rows: r.Rows) -> None:
        ticket = rows.ticket
        if rows.created:
            _all(cursor, self.statements.insert["ticket"], [ticket])
            return
        update = self.statements.update_ticket
        if cursor.execute(update.sql, update.values({**ticket, "old_rev": ticket["rev"] - 1})).rowcount != 1:
            raise Conflict(ticket["number"])

    def _fire(self, cursor: Any, rows: r.Rows, key: TimerKey, claim: Claim | None) -> None:
        held = {"owner": claim.owner if claim else None, "now": instant_text(claim.now) if claim else None}
        statement = self.statements.fire
        values = {**_home(rows), **key._asdict(), **held, "fired_at": rows.lists["event"][-1]["recorded_at"]}
        if cursor.execute(statement.sql, statement.values(values)).rowcount != 1:
            raise ClaimLost

    # PostgreSQL: one statement ----------------------------------------------------------------------------------

    def _write_whole(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> None:
        told = _by_table(rows)
        owner, now = (claim.owner, instant_text(claim.now)) if claim else (None, None)
        values = {"rows": json_text({"ticket": rows.ticket, **told}), "owner": owner, "now": now}
        if cursor.execute(whole.writing(*told, created=rows.created), values).fetchone()[0] == 1:
            return
        if rows.fired is not None:
            asked = (owner, now, *_home(rows).values(), *rows.fired)
            found = cursor.execute(whole.holding(), asked).fetchone()
            if not found or not found[0]:
                raise ClaimLost
        raise Conflict(rows.ticket["number"])


_Ready = tuple[Ticket, r.Rows] | None  #: the rows made beforehand, so that the transaction is short


def _writing(s: Statements) -> Mapping[str, Statement]:
    """Return what is done with each list of rows."""
    return {
        "event": s.insert["event"],
        "private": s.insert["private"],
        "clock": s.upsert["clock"],
        "disarmed": s.disarm,
        "armed": s.upsert["timer"],
        "crossed": s.once["timer"],
        "request": s.upsert["request"],
        "document": s.upsert["document"],
        "document_item": s.once["document_item"],
        "ended": s.end_task,
        "task": s.once["task"],
        "message": s.once["message"],
        "evidence": s.once["evidence"],
        "incident": s.once["incident"],
    }


def _all(cursor: Any, statement: Statement, rows: Sequence[r.Row]) -> None:
    if len(rows) == 1:
        cursor.execute(statement.sql, statement.values(rows[0]))
    elif rows:
        cursor.executemany(statement.sql, [statement.values(row) for row in rows])


def _home(rows: r.Rows) -> r.Row:
    return {"district": rows.ticket["district"], "number": rows.ticket["number"]}


def _by_table(rows: r.Rows) -> Mapping[str, Any]:
    if rows.fired is None:
        return rows.lists
    recorded_at = rows.lists["event"][-1]["recorded_at"]
    return {**rows.lists, "fired": [{**_home(rows), **rows.fired._asdict(), "fired_at": recorded_at}]}


def _takes_number(decision: Decision) -> bool:
    papers = any(not d.id or (d.status == "signed" and d.number is None) for d in decision.documents)
    return papers or not decision.ticket.number


def _is_key_taken(exc: Exception) -> bool:
    if isinstance(exc, sqlite3.IntegrityError):
        return "host_key" in str(exc)
    return type(exc).__name__ == "UniqueViolation" and "host_key" in str(exc)
