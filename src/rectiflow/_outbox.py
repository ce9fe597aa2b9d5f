"""The store's outbox rows as the dispatcher sees them, and the organisation's contacts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from rectiflow.engine.days import occasion_on, told_on
from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.directory import Directory
from rectiflow.engine.visibility import masked_phone
from rectiflow.notifiers.message import CHANNEL_TITLES, MAIL, SMS, Contact, Enclosure, Message, Param, Rendered
from rectiflow.notifiers.mime import lean
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import digests, outbox, queries
from rectiflow.storage.store import Claim, Store

__all__ = ["UNDELIVERED", "DirectoryContacts", "StoreOutbox", "allowed", "hushed"]

log = logging.getLogger("rectiflow.delivery")
_DAMAGED = "消息的内容在数据库里已损坏，不能发送；请另行告知收件人，再取消这条消息（rectiflow outbox cancel）"
UNDELIVERED = "提醒消息未送达："  #: begins the incident of a message; who reads it is told whose it was instead


class StoreOutbox:
    """Implements the dispatcher's `Outbox` on the store; for one district, or (None) for all of them.

    Args:
        unreached: has somebody called whom a message did not reach, and why.
        reached: ends the call that was to be made for a message; it has been sent.
        enclosed: what goes with a message.
        only: keys of messages: these are claimed, once, whatever they wait for, and no others.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        now: Callable[[], datetime],
        district: str | None = None,
        unreached: Callable[[Message, str], None] = lambda _message, _why: None,
        reached: Callable[[Message], None] = lambda _message: None,
        enclosed: Callable[[Message], tuple[Enclosure, ...]] = lambda _message: (),
        only: Sequence[str] | None = None,
    ) -> None:
        self._store, self._owner, self._now, self._district = store, owner, now, district
        self._call, self._call_off, self._enclosed, self._only = unreached, reached, enclosed, only

    def claim_messages(self, *, owner: str, limit: int, lease: timedelta) -> list[Message]:
        """Take what is due; the rows carry everything a retry needs."""
        self._owner = owner
        rows = self._claimed(limit, lease)
        numbers = sorted({row["number"] for row in rows if row["number"]})
        districts = {row["district"] for row in rows}
        hidden = {n for d in districts for n in queries.restricted_numbers(self._store.engine, d, numbers)}
        told = (m for row in rows if (m := self._read(row)) is not None)
        return [_hushed(m) if m.number in hidden else m for m in told]

    def _read(self, row: dict[str, Any]) -> Message | None:
        """Read a row; one that is damaged is given up and told of, so that it keeps no other from going."""
        try:
            return _told(_message(row), self._now())
        except Exception:
            log.exception("消息 %s 的内容读不出来", row["key"])
            self.mark_dead(_message({**row, "params": {}, "rendered_body": None}), error=_DAMAGED)
            return None

    def _claimed(self, limit: int, lease: timedelta) -> list[dict[str, Any]]:
        now, store, district = self._now(), self._store, self._district
        if self._only is None or district is None:
            return store.claim_messages(owner=self._owner, now=now, lease=lease, limit=limit, district=district)
        some, self._only = self._only[:limit], self._only[limit:]
        return outbox.take(store.engine, district, some, owner=self._owner, now=now, lease=lease)

    def enclosed(self, message: Message) -> tuple[Enclosure, ...]:
        """Return what goes with a message."""
        return self._enclosed(message)

    def keep_rendered(self, message: Message, rendered: Rendered, *, lease: timedelta) -> bool:
        """Store the final bytes before the first attempt, with the days they speak of, and hold the row anew."""
        columns = {
            "rendered_channel": rendered.channel,
            "rendered_to": rendered.to,
            "rendered_subject": rendered.subject,
            "rendered_id": rendered.message_id,
            "rendered_body": rendered.body,
            "template_version": rendered.template_version or message.template_version,
            **({"params": dict(message.params)} if "ends" in message.params else {}),
        }
        return self._store.keep_rendered(message.district, str(message.id), self._claim(), columns, lease=lease)

    def renew(self, message: Message, *, lease: timedelta) -> bool:
        """Hold the row anew."""
        return self._store.renew_message(message.district, str(message.id), self._claim(), lease=lease)

    def _claim(self) -> Claim:
        return Claim(owner=self._owner, now=self._now())

    def mark_sent(self, message: Message, rendered: Rendered, *, detail: str) -> bool:
        """Finish the row; the files of a mail, which are kept as evidence, are left out of what it keeps."""
        now, kept = self._now(), lean(rendered)
        mine = self._finish(
            message, "sent", due_at=now, sent_at=now, detail=detail, attempts=message.attempts + 1, body=kept
        )
        queries.settle_incidents(self._store.engine, message.district, [f":unreached:{message.recipient}"], now=now)
        if mine:
            digests.note_sent(self._store.engine, message.district, digests.taken_keys(message.params), now=now)
            self._call_off(message)
        return mine

    def mark_retry(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Count the attempt and put the row off."""
        return self._finish(message, "waiting", due_at=self._now() + after, detail=error, attempts=message.attempts + 1)

    def mark_waiting(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Put the row off without counting an attempt."""
        return self._finish(message, "waiting", due_at=self._now() + after, detail=error, attempts=message.attempts)

    def mark_dead(self, message: Message, *, error: str, unreached: bool = False) -> bool:
        """Give up and open an incident in the same transaction; first let somebody call whom no message reaches."""
        if unreached:
            self._call(message, error)
        incident = IncidentDraft(key=f"message:{message.id}", kind="message", message=f"{UNDELIVERED}{error}")
        return self._finish(
            message, "dead", due_at=self._now(), detail=error, attempts=message.attempts + 1, incident=incident
        )

    def unreached(self, message: Message, why: str) -> None:
        """Open an incident about the person, and have somebody call."""
        said = f"{why}；请电话告知，并补登联系方式（rectiflow person reach）或配置通道"
        incident = IncidentDraft(key=f"unreached:{message.recipient}", kind="message", message=said)
        self._store.raise_incident(message.district, incident, now=self._now())
        self._call(message, why)

    def channel_down(self, district: str, channel: str, why: str) -> None:
        """Open the incident of a channel, or let the open one tell the present cause; closed when a message goes out by it."""
        said = f"{CHANNEL_TITLES.get(channel, channel)}发不出去：{why}"
        incident = IncidentDraft(key=f"channel:{channel}", kind="message", message=said)
        self._store.raise_incident(district, incident, now=self._now())
        queries.retell(self._store.engine, district, f":channel:{channel}", said)

    def channel_up(self, channel: str) -> None:
        """Close the incident of a channel."""
        queries.settle_incidents(self._store.engine, self._district, [f":channel:{channel}"], now=self._now())

    def mark_held(self, message: Message, *, why: str) -> bool:
        """Keep the row for the person's next digest."""
        return self._finish(message, "held", due_at=self._now(), detail=why, attempts=message.attempts)

    def mark_dropped(self, message: Message, *, why: str) -> bool:
        """Cancel the row, with the reason."""
        return self._finish(message, "cancelled", due_at=self._now(), detail=why, attempts=message.attempts)

    def _finish(
        self,
        message: Message,
        status: str,
        *,
        due_at: datetime,
        detail: str,
        attempts: int,
        sent_at: datetime | None = None,
        incident: IncidentDraft | None = None,
        body: bytes | None = None,
    ) -> bool:
        return self._store.finish_message(
            message.district,
            str(message.id),
            owner=self._owner,
            status=status,
            due_at=due_at,
            sent_at=sent_at,
            detail=detail,
            attempts=attempts,
            incident=incident,
            body=body,
            number=message.number,
            now=self._now(),
        )


class DirectoryContacts:
    """Implements the dispatcher's `Contacts` on the organisation.

    Args:
        dead: (channel, address) of those that messages keep coming back from: nothing is sent there.
    """

    def __init__(self, directory: Callable[[str], Directory], dead: frozenset[tuple[str, str]] = frozenset()) -> None:
        self._directory, self._dead = directory, dead

    def contact(self, district: str, person: str, on: date) -> Contact | None:
        """Return a person's contact on a day; the deputy's during absence."""
        directory = self._directory(district)
        holder = directory.persons.get(person)
        if holder is None:
            return None
        reached = directory.persons[directory.reached_for(person, on)]
        reach = {MAIL: reached.email, SMS: reached.phone}
        dead = [address for way, address in reach.items() if address and (way, address) in self._dead]
        told = [(masked_phone(a) or "") if a == reached.phone else a for a in dead]
        return Contact(
            person=reached.id,
            name=reached.name,
            email=None if reached.email in dead else reached.email,
            phone=None if reached.phone in dead else reached.phone,
            standing_in_for=holder.name if reached is not holder else None,
            channels=reached.channels,
            trouble=f"{reached.name}的{'、'.join(told)}多次退回，已停发" if dead else "",
        )


def allowed(store: Store, now: Callable[[], datetime], message: Message) -> Message:
    """Return what of a message may be said now: its days as they are; of a hazard restricted since, its number alone."""
    message = _told(message, now())
    if message.number is None or message.template == RESTRICTED:
        return message
    hidden = queries.restricted_numbers(store.engine, message.district, [message.number])
    return _hushed(message) if hidden else message


def _told(message: Message, now: datetime) -> Message:
    """Let a message say how far off its deadline is now; words that said otherwise do not count any more."""
    params = told_on(message.params, now)
    occasion = occasion_on(message.template, params)
    if params is message.params and occasion == message.template:
        return message
    words = message.rendered if params is message.params else None
    return replace(message, template=occasion, params=params, rendered=words)


def _hushed(message: Message) -> Message:
    """Let a message say no more than a number: its hazard has become restricted since it was written, or put into words."""
    if message.template == RESTRICTED:
        return message
    return replace(message, template=RESTRICTED, params=hushed(message.params), rendered=None)


def hushed(params: Mapping[str, Param]) -> dict[str, Param]:
    """Return what a message about a restricted hazard may be given."""
    return {name: params.get(name) for name in ("district_name", "contact", "number", "severity")}


def _message(row: dict[str, Any]) -> Message:
    import json

    params = row["params"]
    rendered = None
    if row["rendered_body"] is not None:
        rendered = Rendered(
            channel=row["rendered_channel"],
            to=row["rendered_to"],
            subject=row["rendered_subject"],
            body=bytes(row["rendered_body"]),
            message_id=row["rendered_id"],
            template_version=row["template_version"],
        )
    return Message(
        id=row["key"],
        district=row["district"],
        number=row["number"],
        sequence=row["seq"],
        recipient=row["recipient"],
        template=row["template"],
        template_version=row["template_version"],
        params=json.loads(params) if isinstance(params, str) else params,
        urgency="now" if row["urgent"] else "digest",
        attempts=row["attempts"] - 1,
        created_at=row["created_at"],
        rendered=rendered,
        channel=row["channel"],
        told=row["detail"],
    )
