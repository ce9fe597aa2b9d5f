"""The store's verbs: load, apply, claim, finish, enqueue. One transaction per decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from rectiflow.engine.decision import Decision, IncidentDraft, MessageDraft
from rectiflow.engine.errors import Conflict, NotFound
from rectiflow.engine.moments import local_day
from rectiflow.engine.ticket import Ticket, TimerKey

from . import rows as r
from .connect import Link
from .statements import CLAIMED_MESSAGE, CLAIMED_TIMER, TIMER_KEY, Statement, Statements, compile_for
from .types import instant_text, json_text, read_instant

__all__ = ["PAPER_TITLES", "Claim", "ClaimLost", "DueTimer", "KeyTaken", "Store"]

PAPER_TITLES = {"listing_notice": "挂牌督办通知书", "supervision_letter": "督办通知"}


class ClaimLost(Exception):  # noqa: N818 it is no fault, somebody else has the row now
    """The lease of a claimed row ran out and somebody else may have it."""


class KeyTaken(Exception):  # noqa: N818 the caller answers with the first ticket
    """A ticket with this host key exists already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who holds a claimed row, and the time by which leases are judged."""

    owner: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimer:
    """A claimed timer."""

    district: str
    number: str
    key: TimerKey
    due_at: datetime
    attempts: int


class Store:
    """Remembers decisions on SQLite or PostgreSQL. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.link = Link(engine)
        self.statements: Statements = compile_for(engine.dialect.name)
        self._whole = engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Give the connections back."""
        self.link.close()

    # load -------------------------------------------------------------------------------------------------------

    def load(self, number: str) -> r.Loaded:
        """Read a ticket with its clocks, requests and papers.

        Raises:
            NotFound: there is no such number.
        """
        row = self.link.execute(self.statements.load.sql, [number]).fetchone()
        if row is None:
            raise NotFound(f"没有编号为“{number}”的隐患。")
        return r.decode_loaded(row)

    def by_key(self, district: str, key: str) -> str | None:
        """Return the number of the ticket a host's key was first used for."""
        row = self.link.execute(self.statements.by_key.sql, [district, key]).fetchone()
        return row[0] if row else None

    def now(self) -> datetime | None:
        """Return the database's own time; None where it has none of its own (SQLite)."""
        if not self._whole:
            return None
        return read_instant(self.link.execute("SELECT clock_timestamp()").fetchone()[0])

    # apply ------------------------------------------------------------------------------------------------------

    def apply(self, decision: Decision, *, prefix: str, claim: Claim | None = None) -> Ticket:
        """Carry out one decision in one transaction; return the ticket as it is then stored.

        Raises:
            Conflict: the ticket has changed since it was loaded; nothing is written.
            ClaimLost: the timer this decision answers is no longer ours; nothing is written.
            KeyTaken: a new ticket's host key is in use; nothing is written.
        """
        return self.apply_all([decision], prefix=prefix, claim=claim)[0]

    def apply_all(self, decisions: Sequence[Decision], *, prefix: str, claim: Claim | None = None) -> list[Ticket]:
        """Carry out several decisions of different tickets in one transaction: all or none."""
        single = self._whole and len(decisions) == 1 and not _takes_number(decisions[0])
        try:
            with nullcontext(self.link) if single else self.link.transaction() as cursor:
                return [self._apply(cursor, d, prefix, claim) for d in decisions]
        except Exception as exc:
            if _is_key_taken(exc):
                raise KeyTaken from exc
            raise

    def _apply(self, cursor: Any, decision: Decision, prefix: str, claim: Claim | None) -> Ticket:
        number = decision.ticket.number or self._number(cursor, decision, prefix)
        ticket, rows = r.rows_of(decision, number, self._paper_numbers(cursor, decision))
        if self._whole:
            self._write_whole(cursor, rows, claim)
        else:
            self._write(cursor, rows, claim)
        return ticket

    def _number(self, cursor: Any, decision: Decision, prefix: str) -> str:
        year = local_day(decision.events[0].recorded_at).year
        return f"{prefix}-{year}-{self._next(cursor, decision.ticket.district, 'ticket', year):06d}"

    def _paper_numbers(self, cursor: Any, decision: Decision) -> Mapping[int, str]:
        numbers: dict[int, str] = {}
        for paper in decision.documents:
            if paper.status == "signed" and paper.number is None and paper.signed_on is not None:
                year = paper.signed_on.year
                count = self._next(cursor, decision.ticket.district, f"paper:{paper.kind}", year)
                numbers[paper.ordinal] = f"{PAPER_TITLES.get(paper.kind, paper.kind)}〔{year}〕{count}号"
        return numbers

    def _next(self, cursor: Any, district: str, series: str, year: int) -> int:
        statement = self.statements.next_number
        values = statement.values({"district": district, "series": series, "year": year})
        return int(cursor.execute(statement.sql, values).fetchone()[0])

    def _write(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> None:
        s = self.statements
        if rows.fired is not None:
            self._fire(cursor, rows, claim)
        if rows.created:
            self._many(cursor, s.insert["ticket"], [rows.ticket])
        else:
            guard = {"b_district": rows.ticket["district"], "b_number": rows.ticket["number"], "b_rev": rows.ticket["rev"] - 1}
            if cursor.execute(s.update_ticket.sql, s.update_ticket.values({**rows.ticket, **guard})).rowcount != 1:
                raise Conflict(rows.ticket["number"])
        self._many(cursor, s.insert["event"], rows.events)
        self._many(cursor, s.insert["private"], rows.privates)
        self._many(cursor, s.upsert["clock"], rows.clocks)
        self._many(cursor, s.disarm, [{f"b_{k}": v for k, v in row.items()} for row in rows.disarmed])
        self._many(cursor, s.upsert["timer"], rows.armed)
        self._many(cursor, s.once["timer"], rows.crossed)
        self._many(cursor, s.upsert["request"], rows.requests)
        self._many(cursor, s.upsert["document"], rows.documents)
        self._many(cursor, s.once["document_item"], rows.items)
        ended = [{"ended_at": e["ended_at"], **{f"b_{k}": e[k] for k in ("district", "number", "clock")}} for e in rows.ended]
        self._many(cursor, s.end_task, ended)
        self._many(cursor, s.once["task"], rows.tasks)
        self._many(cursor, s.once["message"], rows.messages)
        self._many(cursor, s.once["evidence"], rows.evidence)
        self._many(cursor, s.once["incident"], rows.incidents)

    def _many(self, cursor: Any, statement: Statement, rows: Iterable[r.Row]) -> None:
        for row in rows:
            cursor.execute(statement.sql, statement.values(row))

    def _fire(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> None:
        assert rows.fired is not None and claim is not None
        home = {"b_district": rows.ticket["district"], "b_number": rows.ticket["number"]}
        key = {f"b_{k}": v for k, v in zip(TimerKey._fields, rows.fired, strict=True)}
        values = {**home, **key, "b_owner": claim.owner, "b_now": instant_text(claim.now), "fired_at": rows.events[-1]["recorded_at"]}
        statement = self.statements.fire
        if cursor.execute(statement.sql, statement.values(values)).rowcount != 1:
            raise ClaimLost

    def _write_whole(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> None:
        sql = self.statements.create_whole if rows.created else self.statements.change_whole
        values = {
            "rows": json_text(_by_table(rows)),
            "owner": claim.owner if claim else None,
            "now": instant_text(claim.now) if claim else None,
        }
        if cursor.execute(sql, values).fetchone()[0] == 1:
            return
        if rows.fired is not None and not self._holds(cursor, rows, claim):
            raise ClaimLost
        raise Conflict(rows.ticket["number"])

    def _holds(self, cursor: Any, rows: r.Rows, claim: Claim | None) -> bool:
        assert rows.fired is not None and claim is not None
        where = " AND ".join(f"{n} = %s" for n in TIMER_KEY)
        sql = f"SELECT owner = %s AND lease_until > %s::timestamptz FROM rectiflow_timer WHERE {where}"  # noqa: S608
        home = (rows.ticket["district"], rows.ticket["number"])
        found = cursor.execute(sql, (claim.owner, instant_text(claim.now), *home, *rows.fired)).fetchone()
        return bool(found and found[0])

    # claim, finish ----------------------------------------------------------------------------------------------

    def claim_timers(self, *, owner: str, now: datetime, lease: timedelta, limit: int) -> list[DueTimer]:
        """Take up to `limit` due timers for `lease`; each claim counts as an attempt."""
        found = self._claim(self.statements.claim_timers, owner, now, lease, limit)
        timers: list[DueTimer] = []
        for row in found:
            c = dict(zip(CLAIMED_TIMER, row, strict=True))
            key = TimerKey(*(c[n] for n in TimerKey._fields))
            timers.append(
                DueTimer(
                    district=c["district"], number=c["number"], key=key, due_at=read_instant(c["due_at"]),
                    attempts=c["attempts"],
                )
            )
        return sorted(timers, key=lambda t: (t.due_at, t.number, t.key))

    def drop_timer(self, timer: DueTimer) -> None:
        """Remove a timer whose run or version is gone."""
        self.link.execute(self.statements.disarm.sql, self.statements.disarm.values(_timer_values(timer)))

    def fail_timer(
        self, timer: DueTimer, *, owner: str, error: str, retry_at: datetime | None, incident: IncidentDraft, now: datetime
    ) -> None:
        """Free a timer that could not be carried out: tried again at `retry_at`, or (None) given up with an incident."""
        values = {
            **_timer_values(timer), "b_owner": owner, "error": error,
            "status": "armed" if retry_at else "failed", "due_at": instant_text(retry_at or timer.due_at),
        }
        statement = self.statements.fail_timer
        with self.link.transaction() as cursor:
            mine = cursor.execute(statement.sql, statement.values(values)).rowcount == 1
            if mine and retry_at is None:
                once = self.statements.once["incident"]
                cursor.execute(once.sql, once.values(r.incident_row(timer.district, timer.number, incident, now)))

    def claim_messages(self, *, owner: str, now: datetime, lease: timedelta, limit: int) -> list[dict[str, Any]]:
        """Take up to `limit` waiting messages for `lease`; rows as mappings, oldest first."""
        found = self._claim(self.statements.claim_messages, owner, now, lease, limit)
        messages = [dict(zip(CLAIMED_MESSAGE, row, strict=True)) for row in found]
        for message in messages:
            message["created_at"] = read_instant(message["created_at"])
        return sorted(messages, key=lambda m: (m["created_at"], m["number"] or "", m["seq"], m["key"]))

    def keep_rendered(self, district: str, key: str, claim: Claim, rendered: Mapping[str, Any]) -> bool:
        """Store the rendered bytes of a claimed message; False when the claim is lost."""
        values = {"b_district": district, "b_key": key, "b_owner": claim.owner, "b_now": instant_text(claim.now), **rendered}
        statement = self.statements.keep_rendered
        return bool(self.link.execute(statement.sql, statement.values(values)).rowcount == 1)

    def finish_message(
        self, district: str, key: str, *, owner: str, status: str, due_at: datetime, sent_at: datetime | None, detail: str,
        attempts: int, incident: IncidentDraft | None = None, number: str | None = None, now: datetime | None = None,
    ) -> bool:
        """Free a claimed message with its outcome, and open an incident with it; False when the claim is lost."""
        values = {
            "b_district": district, "b_key": key, "b_owner": owner, "status": status, "due_at": instant_text(due_at),
            "sent_at": instant_text(sent_at) if sent_at else None, "detail": detail, "attempts": attempts,
        }
        statement = self.statements.finish_message
        with self.link.transaction() as cursor:
            mine = cursor.execute(statement.sql, statement.values(values)).rowcount == 1
            if mine and incident is not None and now is not None:
                once = self.statements.once["incident"]
                cursor.execute(once.sql, once.values(r.incident_row(district, number, incident, now)))
        return bool(mine)

    def enqueue(self, district: str, messages: Iterable[MessageDraft], *, now: datetime) -> None:
        """Put messages that belong to no ticket into the outbox; a key already there is left as it is."""
        statement = self.statements.once["message"]
        with self.link.transaction() as cursor:
            for message in messages:
                cursor.execute(statement.sql, statement.values(r.message_row(district, None, 0, message, now)))

    def raise_incident(self, district: str, incident: IncidentDraft, *, now: datetime, number: str | None = None) -> None:
        """Open an incident; one that is open under the same key is left as it is."""
        statement = self.statements.once["incident"]
        self.link.execute(statement.sql, statement.values(r.incident_row(district, number, incident, now)))

    def _claim(self, statement: Statement, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Any]:
        values = {"owner": owner, "lease_until": instant_text(now + lease), "b_now": instant_text(now), "b_limit": limit}
        with self.link.transaction() as cursor:
            return list(cursor.execute(statement.sql, statement.values(values)).fetchall())


def _timer_values(timer: DueTimer) -> dict[str, Any]:
    key = {f"b_{k}": v for k, v in zip(TimerKey._fields, timer.key, strict=True)}
    return {"b_district": timer.district, "b_number": timer.number, **key}


def _by_table(rows: r.Rows) -> dict[str, Any]:
    home = {"district": rows.ticket["district"], "number": rows.ticket["number"]}
    fired = [{**home, **dict(zip(TimerKey._fields, rows.fired, strict=True)), "fired_at": rows.events[-1]["recorded_at"]}] if rows.fired else None
    lists: dict[str, Any] = {
        "event": rows.events, "private": rows.privates, "clock": rows.clocks, "armed": rows.armed,
        "crossed": rows.crossed, "disarmed": rows.disarmed, "request": rows.requests, "document": rows.documents,
        "document_item": rows.items, "task": rows.tasks, "ended": rows.ended, "message": rows.messages,
        "evidence": rows.evidence, "incident": rows.incidents, "fired": fired,
    }
    return {"ticket": rows.ticket, **{name: found for name, found in lists.items() if found}}


def _takes_number(decision: Decision) -> bool:
    return not decision.ticket.number or any(d.status == "signed" and d.number is None for d in decision.documents)


def _is_key_taken(exc: Exception) -> bool:
    if isinstance(exc, sqlite3.IntegrityError):
        return "host_key" in str(exc)
    return type(exc).__name__ == "UniqueViolation" and "host_key" in str(exc)


