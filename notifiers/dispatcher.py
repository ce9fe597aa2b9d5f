"""The outbox sent: claimed, put into words, handed over, and every outcome recorded.

One message is one channel. Messages of one ticket go one after another, in their order; different tickets go side
by side, and so do channels: one that is slow keeps no other of its batch waiting. A message that fails holds back the later ones of
its ticket to the same person by the same channel, and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from msgspec.structs import replace

from rectiflow.engine.errors import WorkplaceError
from rectiflow.engine.moments import ZONE, local_day
from rectiflow.engine.visibility import masked_phone

from .digest import LISTS
from .errors import KEPT, ChannelDown, NotYet, PermanentFailure, RenderFailure, TemporaryFailure, Unanswered
from .message import CHANNEL_TITLES, MAIL, SMS, Contact, Message, Rendered, short_id
from .parameters import OCCASIONS
from .phone import mobile
from .plaintext import one_line, shorten
from .ports import Channel, Contacts, Outbox
from .rules import Rules, ways_of
from .templates import TemplateSet
from .watch import Watch

__all__ = [
    "GIVE_UP",
    "IN_TURN",
    "LATER_DELAY",
    "LET_PASS",
    "RETRY_DELAYS",
    "STILL",
    "UNCONFIGURED",
    "WAIT_WHILE_DOWN",
    "DispatchReport",
    "dispatch",
    "dispatch_once",
    "one_batch",
]

#: How long to wait after the first, second … failed attempt.
RETRY_DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
#: After these somebody is called, and it is tried on at longer intervals, until a message is as old as RFC 5321, 4.5.4.1
#: has a mail server give up.
LATER_DELAY, GIVE_UP = timedelta(hours=12), timedelta(days=5)
UNSURE_TRIES = 3  #: how often a message is handed over of which nobody says whether it arrived
LEASE = timedelta(minutes=20)
HAND_OVER = timedelta(minutes=15)  #: the longest that handing one message over may take; less than the lease
UNCONFIGURED = "通道没有配置，配置后自动发送"  #: ends what is said of a message that waits for its channel
IN_TURN = "本隐患的上一条提醒还没有送达，按顺序等待"
WAIT_FOR_CHANNEL = timedelta(minutes=15)  #: until a message without a configured channel is looked at again
WAIT_WHILE_DOWN = timedelta(minutes=5)  #: until a channel that is down is tried again
LET_PASS = timedelta(minutes=1)  #: by which others go first when it is: it may be this message that takes it down
STILL = "，已提请打电话，仍继续试"  #: ends what is said of a message whose recipient is called meanwhile
MAX_ERROR = 500
OWN_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)  #: what does not pass by itself

logger = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """How many messages of one batch went which way.

    `lost` counts those another worker took over meanwhile (our lease had run out); a lost one may have been sent.
    """

    sent: int = 0
    retried: int = 0
    dead: int = 0
    waiting: int = 0
    dropped: int = 0  #: what it was about is over; nobody was told
    held: int = 0  #: the recipient has had enough for today; it goes with the digest
    lost: int = 0

    @property
    def claimed(self) -> int:
        """Return the size of the batch."""
        return self.sent + self.retried + self.dead + self.waiting + self.dropped + self.held + self.lost

    def __add__(self, other: DispatchReport) -> DispatchReport:
        return DispatchReport(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


def one_batch() -> bool:
    """Say that one batch is enough."""
    return False


def dispatch_once(
    outbox: Outbox,
    contacts: Contacts,
    templates: TemplateSet,
    channels: Sequence[Channel],
    *,
    owner: str,
    now: Callable[[], datetime],
    limit: int = 100,
    concurrency: int = 4,
    lease: timedelta = LEASE,
    rules: Rules | None = None,
    watch: Watch | None = None,
    going: Callable[[], bool] = one_batch,
) -> DispatchReport:
    """Do `dispatch` from code without an event loop; inside one, await `dispatch` instead."""
    return asyncio.run(
        dispatch(
            outbox,
            contacts,
            templates,
            channels,
            owner=owner,
            now=now,
            limit=limit,
            concurrency=concurrency,
            lease=lease,
            rules=rules,
            watch=watch,
            going=going,
        )
    )


async def dispatch(
    outbox: Outbox,
    contacts: Contacts,
    templates: TemplateSet,
    channels: Sequence[Channel],
    *,
    owner: str,
    now: Callable[[], datetime],
    limit: int = 100,
    concurrency: int = 4,
    lease: timedelta = LEASE,
    rules: Rules | None = None,
    watch: Watch | None = None,
    going: Callable[[], bool] = one_batch,
) -> DispatchReport:
    """Claim a batch of at most `limit` due messages and send it; then further ones while `going` says so.

    The channels are opened once for all of them, so that their connections serve batch after batch.

    Args:
        channels: those that are configured, at most one of a name; messages for any other wait.
        owner: who claims, for the store.
        now: the clock; it dates the mails and watches the lease.
        concurrency: how many messages of a channel are worked on side by side.
        lease: for how long the claim holds, from the claim and again from the beginning of each message; what is not
            begun by then is given back.
        rules: what decides about each message; None for the plain ones.
        watch: what is known of the channels, and what is found out; None to know nothing.
        going: asked after each batch that was not empty, whether another one is to be claimed.

    A message that cannot be put into words or handed over never stops the others. An error of the store itself is
    raised after the other tickets of the batch are done; unrecorded messages come back when the lease runs out.
    """
    by_name, total = {channel.name: channel for channel in channels}, DispatchReport()
    gates = {name: asyncio.Semaphore(concurrency) for name in by_name}
    rules, watch = rules or Rules(), watch or Watch()
    async with AsyncExitStack() as stack:
        while batch := outbox.claim_messages(owner=owner, limit=limit, lease=lease):
            if not total.claimed:
                await _open(by_name.values(), stack, watch, now)
            work = _Batch(
                outbox, contacts, templates, by_name, now=now, lease=lease, rules=rules, watch=watch, gates=gates
            )
            await work.send(batch)
            total += work.report()
            if not going():
                break
    return total


async def _open(channels: Iterable[Channel], stack: AsyncExitStack, watch: Watch, now: Callable[[], datetime]) -> None:
    """Open every channel; the stack closes it. One that fails rests, and its messages wait; the others go on."""
    for channel in channels:
        try:
            await channel.open()
        except Exception as exc:
            title = _title(channel.name)
            logger.exception("%s的通道打不开", title)
            why = shorten(f"{title}的通道打不开（{type(exc).__name__}：{exc}）；{KEPT}", MAX_ERROR)
            watch.resting[channel.name] = (now() + WAIT_WHILE_DOWN, why)
        else:
            stack.push_async_callback(channel.close)


def _lanes(batch: Sequence[Message]) -> list[list[Message]]:
    """Part a batch by ticket and channel, each in its order; a message without a ticket stands alone."""
    lanes: dict[tuple[str, str, str | None], list[Message]] = {}
    for message in batch:
        key = f"ticket {message.number}" if message.number else f"message {message.id}"
        lanes.setdefault((message.district, key, message.channel), []).append(message)
    return [sorted(lane, key=lambda m: m.sequence) for lane in lanes.values()]


class _Outcome(Enum):
    SENT = "sent"
    RETRIED = "retried"
    DEAD = "dead"
    WAITING = "waiting"
    DROPPED = "dropped"
    HELD = "held"
    LOST = "lost"


@dataclass(slots=True)
class _Batch:
    """One batch under way, and what became of each message."""

    outbox: Outbox
    contacts: Contacts
    templates: TemplateSet
    channels: Mapping[str, Channel]
    now: Callable[[], datetime] = field(kw_only=True)
    lease: timedelta = field(kw_only=True)
    rules: Rules = field(kw_only=True)
    watch: Watch = field(kw_only=True)
    gates: Mapping[str, asyncio.Semaphore] = field(kw_only=True)
    until: datetime = field(init=False)
    delays: dict[int | str, timedelta] = field(default_factory=dict[int | str, timedelta])  #: of what was given back
    counts: Counter[_Outcome] = field(default_factory=Counter[_Outcome])

    def __post_init__(self) -> None:
        self.until = self.now() + self.lease

    def report(self) -> DispatchReport:
        return DispatchReport(**{outcome.value: count for outcome, count in self.counts.items()})

    async def send(self, messages: Sequence[Message]) -> None:
        """Send a batch, tickets side by side; the store's own error comes at the end."""
        results = await asyncio.gather(*map(self.send_in_order, _lanes(messages)), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def send_in_order(self, messages: Sequence[Message]) -> None:
        """Send one ticket's messages by one channel; who has an unfinished earlier one waits for it."""
        held: dict[str, timedelta] = {}
        for message in messages:
            if message.recipient in held:
                outcome = self._wait(message, held[message.recipient], IN_TURN)
            else:
                outcome = await self._send(message)
            if message.id in self.delays:
                held[message.recipient] = self.delays[message.id]
            self.counts[outcome] += 1

    async def _send(self, message: Message) -> _Outcome:
        over = self._over(message)
        if over is not None:
            return over
        way = self._way(message)
        if isinstance(way, _Outcome):
            return way
        channel, contact, words = way
        async with self.gates[channel.name]:
            later = self._not_now(message, channel, contact, words)
            return later if later is not None else await self._hand_over(message, channel, contact, words)

    def _over(self, message: Message) -> _Outcome | None:
        """Tell what there is no point in sending; None for what there is."""
        if self.now() >= self.until:
            return self._wait(message, timedelta(), "本批次用时过长，留待下一批发送")
        if message.attempts > len(RETRY_DELAYS):  # no attempt of ours counts so far
            told = f"失败或发送时进程中断共 {message.attempts} 次，请核对内容后重发"
            return self._dead(message, told, unreached=True)
        why = self._asked(self.rules.gone, message)
        return self._drop(message, why) if isinstance(why, str) else why

    def _asked(self, rule: Callable[[Message], _T], message: Message) -> _T | _Outcome:
        """Ask a rule about a message; where its hazard cannot be read, that is a failed attempt of the message's own."""
        try:
            return rule(message)
        except WorkplaceError:  # the database is away, which is no message's fault
            raise
        except Exception as exc:
            logger.exception("消息 %s 所说的隐患读不出来", short_id(message.id))
            return self._unread(message, f"隐患的数据读不出来（{type(exc).__name__}：{exc}）")

    def _unread(self, message: Message, why: str) -> _Outcome:
        """Count a failed attempt at what nobody can judge; at last give it up: to call somebody, it would have to be read."""
        if message.attempts < len(RETRY_DELAYS):
            return self._failed(message, why)
        return self._dead(message, f"{why}，请先修复数据，再用 rectiflow outbox retry 重发")

    def _way(self, message: Message) -> tuple[Channel, Contact, Rendered | None] | _Outcome:
        """Return by which channel a message goes to whom, with its words where they are stored; or what ends the matter.

        Words that were written for an address the person no longer has, or for a channel that there is no more, do not
        count: they are written anew, under the same id.
        """
        contact = self.contacts.contact(message.district, message.recipient, local_day(self.now()))
        if contact is None:
            return self._dead(message, f"名册里没有人员 {message.recipient}，请补录人员后重发")
        stored = message.rendered
        if stored is not None and stored.channel in self.channels and _still_for(contact, stored):
            return self.channels[stored.channel], contact, stored
        try:
            channel = self.rules.choose(message, contact, self.channels)
        except Exception as exc:  # a package's own fault: this message waits, the others go on
            logger.exception("消息 %s 选不出通道", short_id(message.id))
            return self._failed(message, f"通道的程序包出错（{type(exc).__name__}：{exc}）")
        return (channel, contact, None) if channel is not None else self._nowhere(message, contact)

    def _not_now(self, message: Message, channel: Channel, contact: Contact, words: Rendered | None) -> _Outcome | None:
        """Put a message off, hold or drop it where it is not to go by this channel now; None when it is.

        All this before it is put into words: what waits for days is not to speak of the day it began to wait.
        """
        if self.now() >= self.until:
            return self._wait(message, timedelta(), "本批次用时过长，留待下一批发送")
        resting = self.watch.rests(channel.name, self.now())
        if resting is not None:
            return self._wait(message, *resting)
        closed = self._closed(message, channel)
        if closed is not None or words is not None:
            return closed
        repeated = self.rules.said(message, channel.name, contact)
        if repeated is not None:
            return self._drop(message, repeated)
        measured = not message.pressing and message.template not in LISTS
        if measured and self.rules.full(message, channel.name, contact):
            return self._too_much(message, channel)
        return None

    def _too_much(self, message: Message, channel: Channel) -> _Outcome:
        """Hold what is too much for today; drop what only repeats what is told otherwise."""
        enough, copied = f"当天已发{_title(channel.name)}达到上限", self.rules.copied(message)
        return (
            self._hold(message, f"{enough}，并入下一次汇总")
            if copied is None
            else self._drop(message, f"{enough}，{copied}")
        )

    async def _hand_over(
        self, message: Message, channel: Channel, contact: Contact, words: Rendered | None
    ) -> _Outcome:
        """Put a message into words where it is not, hold the claim anew, and send it."""
        said = self._asked(self.rules.allowed, message)
        if isinstance(said, _Outcome):
            return said
        if said is not message:
            message, words = said, None
        if words is not None:
            kept = self.outbox.renew(message, lease=self.lease)
            return await self._attempt(message, channel, words) if kept else self._lost(message)
        try:
            words = await self._compose(message, contact, channel)
        except RenderFailure as exc:
            return self._dead(message, str(exc), unreached=True)
        except OWN_FAULTS as exc:
            logger.exception("消息 %s 写不出来", short_id(message.id))
            told = f"消息无法生成（{type(exc).__name__}：{exc}），请核对内容和模板后重发"
            return self._dead(message, told, unreached=True)
        except Exception as exc:  # a database that is busy, a disk that is full: it may pass
            logger.exception("消息 %s 暂时写不出来", short_id(message.id))
            return self._failed(message, f"消息暂时写不出来（{type(exc).__name__}：{exc}）")
        kept = self.outbox.keep_rendered(message, words, lease=self.lease)
        return await self._attempt(message, channel, words) if kept else self._lost(message)

    def _closed(self, message: Message, channel: Channel) -> _Outcome | None:
        """Let a message wait until its channel may disturb people; None when it may now."""
        now = self.now()
        opens = self.rules.hours(channel.name, now)
        if opens <= now or message.pressing:
            return None
        at = f"{opens.astimezone(ZONE):%m-%d %H:%M}"
        return self._wait(
            message, opens - now, holds=False, why=f"现在不是{_title(channel.name)}的发送时间，{at} 起自动发送"
        )

    async def _compose(self, message: Message, contact: Contact, channel: Channel) -> Rendered:
        """Render. Files are made beside what is being sent."""
        if channel.name == MAIL:  # the others carry no files
            message = replace(message, attachments=await asyncio.to_thread(self.outbox.enclosed, message))
        return channel.compose(message, contact, templates=self.templates, at=self.now())

    def _nowhere(self, message: Message, contact: Contact) -> _Outcome:
        """Decide between waiting for a channel to be configured and giving up for want of an address."""
        addresses = {MAIL: contact.email, SMS: contact.phone}
        names = (message.channel,) if message.channel else ways_of(contact)
        unconfigured = [n for n in names if n not in self.channels and addresses.get(n, "?")]
        if unconfigured:
            return self._wait_for(message, contact, "、".join(map(_title, unconfigured)))
        shown = {MAIL: contact.email, SMS: masked_phone(contact.phone)}
        known = "、".join(one_line(a) for n in names if (a := shown.get(n)))
        if known:
            return self._dead(message, f"{contact.name}登记的联系方式“{known}”不能使用，请更正后重发", unreached=True)
        if contact.trouble:
            return self._dead(message, f"{contact.trouble}，请更正后重发，或改用电话、当面送达并登记", unreached=True)
        wanted = "或".join("手机号" if n == SMS else "邮箱" for n in names if n in (MAIL, SMS)) or "联系方式"
        return self._dead(
            message, f"{contact.name}没有登记{wanted}，请补上后重发，或改用电话、当面送达并登记", unreached=True
        )

    def _wait_for(self, message: Message, contact: Contact, titles: str) -> _Outcome:
        """Wait for a channel to be configured; who can be told by no other is called meanwhile, once."""
        told = f"{titles}{UNCONFIGURED}"
        if self.channels and not (message.told or "").endswith(UNCONFIGURED):
            self.outbox.unreached(message, f"{contact.name}只能用{titles}通知，{titles}没有配置")
        return self._wait(message, WAIT_FOR_CHANNEL, told)

    async def _attempt(self, message: Message, channel: Channel, rendered: Rendered) -> _Outcome:
        try:
            async with asyncio.timeout(HAND_OVER.total_seconds()):
                answer = await channel.send(rendered)
        except PermanentFailure as exc:
            return self._dead(message, str(exc), unreached=True)
        except NotYet as exc:
            return self._rest(message, channel, exc.after, str(exc))
        except ChannelDown as exc:
            return self._down(message, channel, str(exc), exc.after or WAIT_WHILE_DOWN)
        except Unanswered as exc:
            return self._unsure(message, channel, str(exc))
        except TemporaryFailure as exc:
            return self._failed(message, str(exc))
        except TimeoutError:
            return self._unsure(message, channel, f"{_title(channel.name)}的对方一直没有应答")
        except Exception as exc:
            logger.exception("消息 %s 用%s发送时出错", short_id(message.id), _title(channel.name))
            return self._failed(message, f"发送时出现意外错误（{type(exc).__name__}：{exc}）")
        detail = shorten(answer + self._wording(message, rendered), MAX_ERROR)
        kept = self.outbox.mark_sent(message, rendered, detail=detail)  # before anything else that may fail
        self._works(channel)
        return _Outcome.SENT if kept else self._lost(message)

    def _works(self, channel: Channel) -> None:
        self.watch.resting.pop(channel.name, None)
        if channel.name not in self.watch.proved:
            self.watch.proved.add(channel.name)
            self.outbox.channel_up(channel.name)

    def _down(self, message: Message, channel: Channel, why: str, after: timedelta) -> _Outcome:
        """Let a channel that is down rest, which is no message's fault, and have somebody told once.

        Where it has just worked for another message, the attempt counts and the next one may try; and else this message
        comes after the others: one that takes a channel down would stop everybody's for ever.
        """
        if channel.name in self.watch.proved:
            self.watch.proved.discard(channel.name)
            return self._failed(message, why)
        if self.watch.resting.get(channel.name, (None, ""))[1] != why:
            logger.warning("%s发不出去：%s", _title(channel.name), why)
        self.outbox.channel_down(message.district, channel.name, why)
        after = self.rules.jitter(after)
        self.watch.resting[channel.name] = (self.now() + after, why)
        return self._wait(message, after + LET_PASS, why)

    def _unsure(self, message: Message, channel: Channel, why: str) -> _Outcome:
        """Count a message of which nobody says whether it arrived: a second copy is worse than none said, a tenth worse.

        A channel that answers nobody rests as if it were down.
        """
        if channel.name in self.watch.proved:
            self.watch.proved.discard(channel.name)
        else:
            self.watch.resting[channel.name] = (self.now() + WAIT_WHILE_DOWN, why)
            self.outbox.channel_down(message.district, channel.name, why)
        if message.attempts + 1 < UNSURE_TRIES:
            return self._failed(message, why)
        told = f"已交出 {message.attempts + 1} 次，都没有回音，可能已经送到：{_cause(why)}；请电话核实，不必重发"
        return self._dead(message, told, unreached=True)

    def _rest(self, message: Message, channel: Channel, after: timedelta, why: str) -> _Outcome:
        self.watch.resting[channel.name] = (self.now() + after, why)
        return self._wait(message, after, why)

    def _wording(self, message: Message, rendered: Rendered) -> str:
        """Say so when the words are newer than the row."""
        frozen, used = message.template_version, rendered.template_version
        return "" if used is None or frozen in (0, used) else f"；模板在写入后改过（{frozen} → {used}），按现行模板发送"

    def _failed(self, message: Message, error: str) -> _Outcome:
        """Record a failed attempt: another try after the next delay, at last with somebody called, or the end."""
        if message.attempts < len(RETRY_DELAYS):
            after = self.delays[message.id] = self.rules.jitter(RETRY_DELAYS[message.attempts])
            kept = self.outbox.mark_retry(message, after=after, error=shorten(error, MAX_ERROR))
            return _Outcome.RETRIED if kept else self._lost(message)
        if self.now() - message.created_at > GIVE_UP:
            return self._dead(message, f"试了 {GIVE_UP.days} 天仍未发出：{_cause(error)}", unreached=True)
        if not (message.told or "").endswith(STILL):
            self.outbox.unreached(message, f"已尝试 {message.attempts + 1} 次仍未发出：{_cause(error)}")
        told = shorten(_cause(error), MAX_ERROR - len(STILL)) + STILL
        return self._wait(message, self.rules.jitter(LATER_DELAY), told)  # more of these count as no more than one

    def _wait(self, message: Message, after: timedelta, why: str, *, holds: bool = True) -> _Outcome:
        """Put a message off without counting an attempt. `holds`: later ones to the same person wait for it."""
        if holds:
            self.delays[message.id] = after
        kept = self.outbox.mark_waiting(message, after=after, error=shorten(why, MAX_ERROR))
        return _Outcome.WAITING if kept else self._lost(message)

    def _dead(self, message: Message, error: str, *, unreached: bool = False) -> _Outcome:
        occasion = OCCASIONS.get(message.template, message.template)
        about = f"{occasion}，{message.number}" if message.number else occasion
        logger.warning("消息 %s（%s）未送达，不再重试", short_id(message.id), about)
        kept = self.outbox.mark_dead(message, error=shorten(error, MAX_ERROR), unreached=unreached)
        return _Outcome.DEAD if kept else self._lost(message)

    def _hold(self, message: Message, why: str) -> _Outcome:
        return _Outcome.HELD if self.outbox.mark_held(message, why=why) else self._lost(message)

    def _drop(self, message: Message, why: str) -> _Outcome:
        logger.info("消息 %s 不再需要（%s）", short_id(message.id), why)
        return _Outcome.DROPPED if self.outbox.mark_dropped(message, why=why) else self._lost(message)

    def _lost(self, message: Message) -> _Outcome:
        logger.warning("消息 %s 用时过长，已由别的进程接着办", short_id(message.id))
        return _Outcome.LOST


def _still_for(contact: Contact, rendered: Rendered) -> bool:
    """Tell whether words were written for an address that still is the person's; a group has none."""
    now = {MAIL: contact.email, SMS: contact.phone}
    if rendered.channel not in now:
        return True
    known = now[rendered.channel] or ""
    return rendered.to == known or (rendered.channel == SMS and mobile(rendered.to) == mobile(known) is not None)


def _cause(error: str) -> str:
    """Return what went wrong without the promise that it is tried again, which ends most errors."""
    return error.removesuffix(KEPT).rstrip("；，。")


def _title(channel: str) -> str:
    return CHANNEL_TITLES.get(channel, channel)
