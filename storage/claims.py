"""What is due is claimed: taken by one owner for a lease, then finished, failed or put off by that owner alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from rectiflow.engine.decision import IncidentDraft, MessageDraft
from rectiflow.engine.ticket import TimerKey

from .link import Link
from .rows import incident_row, message_row
from .statements import CLAIMED_MESSAGE, CLAIMED_TIMER, Statement, Statements
from .types import instant_text, read_instant

__all__ = ["Claim", "ClaimLost", "Claims", "DueTimer"]


LONGEST_LEASE = timedelta(hours=1)  #: nobody takes a longer one; what seems to run longer was taken under a wrong clock


class ClaimLost(Exception):
    """The lease of a claimed row ran out and somebody else may have it."""


class Claim(Struct, frozen=True, kw_only=True):
    """Who holds a claimed row, and the time by which leases are judged."""

    owner: str
    now: datetime


class DueTimer(Struct, frozen=True, kw_only=True):
    """A claimed timer."""

    district: str
    number: str
    key: TimerKey
    due_at: datetime
    attempts: int


class Claims:
    """Due timers and waiting messages of all districts, for any number of workers."""

    def __init__(self, link: Link, statements: Statements) -> None:
        self.link = link
        self.statements = statements
        self._took_free = set[str]()  #: kinds of row whose last claim here was of free ones

    def claim_timers(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int, district: str | None = None
    ) -> list[DueTimer]:
        """Take up to `limit` due timers for `lease`, oldest first; each claim counts as an attempt.

        What a worker claimed and left when it died is taken one at a time, by turns with what is free: should it be what
        killed that worker, it takes nothing else along, and a steady inflow does not keep it waiting.

        Of one ticket only one is taken at a time: the first that is due, while no other of it is being fired.
        """
        found = self._claim("timer", self.statements.claim_timers, owner, now, lease, limit, district)
        return sorted((_due_timer(row) for row in found), key=lambda t: (t.due_at, t.number, t.key))

    def renew_timers(
        self, timers: Iterable[DueTimer], *, owner: str, now: datetime, lease: timedelta
    ) -> list[DueTimer]:
        """Hold claimed timers for `lease` from now on; return those that are still ours."""
        statement = self.statements.renew_timer
        held = {"owner": owner, "now": instant_text(now), "lease_until": instant_text(now + lease)}
        with self.link.transaction() as cursor:
            return [
                t
                for t in timers
                if cursor.execute(statement.sql, statement.values({**_named(t), **held})).rowcount == 1
            ]

    def release_timers(self, timers: Iterable[DueTimer], *, owner: str) -> None:
        """Give back claimed timers that were not begun, so that another worker need not wait for the lease to end."""
        statement = self.statements.release_timer
        with self.link.transaction() as cursor:
            for timer in timers:
                cursor.execute(statement.sql, statement.values({**_named(timer), "owner": owner}))

    def drop_timer(self, timer: DueTimer) -> None:
        """Remove a timer whose run or version is gone."""
        self._run(self.statements.disarm, _named(timer))

    def fail_timer(
        self,
        timer: DueTimer,
        *,
        owner: str,
        error: str,
        retry_at: datetime | None,
        incident: IncidentDraft,
        now: datetime,
    ) -> None:
        """Free a timer that could not be carried out: tried again at `retry_at`, or (None) given up with an incident."""
        values = {
            **_named(timer),
            "owner": owner,
            "error": error,
            "status": "armed" if retry_at else "failed",
            "due_at": instant_text(retry_at or timer.due_at),
        }
        given_up = incident if retry_at is None else None
        self._finish(self.statements.fail_timer, values, timer.district, timer.number, given_up, now)

    def claim_messages(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int, district: str | None = None
    ) -> list[dict[str, Any]]:
        """Take up to `limit` waiting messages for `lease`; rows as mappings, oldest first. What a dead worker left: see timers.

        A message waits while an earlier one of its ticket to the same person is put off or being sent.
        """
        found = self._claim("message", self.statements.claim_messages, owner, now, lease, limit, district)
        messages: list[dict[str, Any]] = [dict(zip(CLAIMED_MESSAGE, row, strict=True)) for row in found]
        for message in messages:
            message["created_at"] = read_instant(message["created_at"])
        return sorted(messages, key=lambda m: (m["created_at"], m["number"] or "", m["seq"], m["key"]))

    def keep_rendered(
        self, district: str, key: str, claim: Claim, rendered: Mapping[str, Any], *, lease: timedelta
    ) -> bool:
        """Store the rendered bytes of a claimed message, and hold it for `lease` from now; False when the claim is lost.

        Args:
            rendered: columns; `params` only where they are others than were written.
        """
        statement = self.statements.keep_told if "params" in rendered else self.statements.keep_rendered
        return self._run(statement, {**_held(district, key, claim, lease), **rendered}) == 1

    def renew_message(self, district: str, key: str, claim: Claim, *, lease: timedelta) -> bool:
        """Hold a claimed message for `lease` from now; False when the claim is lost."""
        return self._run(self.statements.renew_message, _held(district, key, claim, lease)) == 1

    def finish_message(
        self,
        district: str,
        key: str,
        *,
        owner: str,
        status: str,
        due_at: datetime,
        sent_at: datetime | None,
        detail: str,
        attempts: int,
        incident: IncidentDraft | None = None,
        number: str | None = None,
        now: datetime | None = None,
        body: bytes | None = None,
    ) -> bool:
        """Free a claimed message with its outcome, and open an incident with it; False when the claim is lost.

        Args:
            body: what to keep instead of the bytes that were stored; None leaves them.
        """
        values = {
            "district": district,
            "key": key,
            "owner": owner,
            "status": status,
            "due_at": instant_text(due_at),
            "sent_at": instant_text(sent_at) if sent_at else None,
            "detail": detail,
            "attempts": attempts,
            "rendered_body": body,
        }
        statement = self.statements.finish_message if body is None else self.statements.finish_lean
        return self._finish(statement, values, district, number, incident, now or due_at)

    def enqueue(
        self, district: str, messages: Iterable[MessageDraft], *, now: datetime, number: str | None = None
    ) -> None:
        """Put messages that no decision made into the outbox; a key already there is left as it is."""
        statement = self.statements.once["message"]
        with self.link.transaction() as cursor:
            for message in messages:
                cursor.execute(statement.sql, statement.values(message_row(district, number, 0, message, now)))

    def raise_incident(
        self, district: str, incident: IncidentDraft, *, now: datetime, number: str | None = None
    ) -> None:
        """Open an incident; one that is open under the same key is left as it is."""
        self._run(self.statements.once["incident"], incident_row(district, number, incident, now))

    def _claim(
        self,
        kind: str,
        statements: Mapping[tuple[bool, bool], Statement],
        owner: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        district: str | None,
    ) -> list[Any]:
        values: dict[str, Any] = {
            "owner": owner,
            "lease_until": instant_text(now + lease),
            "now": instant_text(now),
            "far": instant_text(now + max(lease, LONGEST_LEASE)),
            "district": district,
        }
        left_first = kind in self._took_free
        self._took_free.discard(kind)
        for left in (left_first, not left_first):
            statement = statements[district is not None, left]
            found = self.link.rows(statement.sql, statement.values({**values, "limit": 1 if left else limit}))
            if found:
                if not left:
                    self._took_free.add(kind)
                return found
        return []

    def _run(self, statement: Statement, values: dict[str, Any]) -> int:
        return self.link.run(statement.sql, statement.values(values))

    def _finish(
        self,
        statement: Statement,
        values: dict[str, Any],
        district: str,
        number: str | None,
        incident: IncidentDraft | None,
        now: datetime,
    ) -> bool:
        """Free a claimed row, and open an incident in the same transaction; False when the claim is lost."""
        if incident is None:
            return self._run(statement, values) == 1
        once = self.statements.once["incident"]
        with self.link.transaction() as cursor:
            mine = cursor.execute(statement.sql, statement.values(values)).rowcount == 1
            if mine:
                cursor.execute(once.sql, once.values(incident_row(district, number, incident, now)))
        return bool(mine)


def _due_timer(row: tuple[Any, ...]) -> DueTimer:
    c: dict[str, Any] = dict(zip(CLAIMED_TIMER, row, strict=True))
    return DueTimer(
        district=c["district"],
        number=c["number"],
        key=TimerKey(*(c[name] for name in TimerKey._fields)),
        due_at=read_instant(c["due_at"]),
        attempts=c["attempts"],
    )


def _held(district: str, key: str, claim: Claim, lease: timedelta) -> dict[str, Any]:
    until = instant_text(claim.now + lease)
    return {
        "district": district,
        "key": key,
        "owner": claim.owner,
        "now": instant_text(claim.now),
        "lease_until": until,
    }


def _named(timer: DueTimer) -> dict[str, Any]:
    return {"district": timer.district, "number": timer.number, **timer.key._asdict()}
