"""A delivery: what waits in the outbox of a workplace is gathered, put into words and sent, batch after batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import time
from functools import partial
from typing import TYPE_CHECKING

from rectiflow.engine.errors import WorkplaceError

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._outbox import StoreOutbox
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers import Channel, Contact, DispatchReport, Message, Rules

__all__ = ["deliver", "send_at_once"]

log = logging.getLogger("rectiflow.delivery")


def deliver(place: Workplace, *, limit: int, going: Callable[[], bool], at_any_hour: bool) -> DispatchReport:
    """Send what waits in the outbox, batch after batch.

    Args:
        limit: messages of a batch.
        going: asked after each digest and each batch; when it says no, the rest waits for the next time.
        at_any_hour: do not wait for the hours of a channel; somebody has decided that it is to go now.
    """
    from rectiflow._persons import forward
    from rectiflow._reasons import reason_gone
    from rectiflow._repeats import repeats
    from rectiflow._together import gather_steps
    from rectiflow.notifiers import Rules, any_hour

    flow, channels = place.flow, place.ways.channels()
    flow.refresh()  # addresses and substitutes as they are now
    forward(flow)
    _gather(place, going)
    gather_steps(flow)
    _settle(place, channels)
    if channels:
        _wake(place)
    rules = Rules(
        hours=any_hour if at_any_hour else place.ways.hours,
        gone=partial(reason_gone, flow),
        allowed=partial(_allowed, flow),
        full=partial(_full, place),
        copied=partial(_copied, place),
        said=partial(repeats, flow),
    )
    return _dispatch(place, channels, rules, limit=limit, going=going)


def send_at_once(place: Workplace, keys: Sequence[str]) -> DispatchReport:
    """Send these messages now and no others, whatever the hour and whatever they wait for; what is over is dropped all the same.

    Args:
        keys: short ids or keys of what waits, waits for the digest, or did not arrive.

    Raises:
        NotFound: no message, or more than one, is meant by one of them; nothing is sent then.
    """
    from rectiflow._messages import messages, retry
    from rectiflow._persons import forward
    from rectiflow._reasons import reason_gone
    from rectiflow.notifiers import Rules, one_batch

    flow = place.flow
    flow.refresh()
    chosen = [m.key for m in messages(flow, keys)]
    retry(flow, chosen)
    forward(flow)
    rules = Rules(gone=partial(reason_gone, flow), allowed=partial(_allowed, flow))
    return _dispatch(place, place.ways.channels(), rules, limit=len(chosen), going=one_batch, only=chosen)


def _dispatch(
    place: Workplace,
    channels: Sequence[Channel],
    rules: Rules,
    *,
    limit: int,
    going: Callable[[], bool],
    only: Sequence[str] | None = None,
) -> DispatchReport:
    from rectiflow._outbox import DirectoryContacts
    from rectiflow.notifiers import dispatch_once
    from rectiflow.storage import incoming

    flow = place.flow
    dead = incoming.dead_addresses(flow.store.engine, flow.district)
    return dispatch_once(
        _outbox(place, only),
        DirectoryContacts(flow.directory, dead),
        place.templates,
        channels,
        owner=flow.owner,
        now=flow.now,
        limit=limit,
        rules=rules,
        watch=place.ways.watch,
        going=going,
    )


def _allowed(flow: Rectiflow, message: Message) -> Message:
    """Return what of a message may be said now: a list is made anew, of a restricted hazard the number alone is told."""
    from rectiflow._lists import listed_anew
    from rectiflow._outbox import allowed

    return allowed(flow.store, flow.now, listed_anew(flow, message))


def _gather(place: Workplace, going: Callable[[], bool]) -> None:
    """Write the digests that are due; without digests what was held for one goes by itself."""
    from rectiflow._digest import gather_digests, release_held
    from rectiflow.notifiers import MAIL

    at = place.settings.outgoing.digest
    if not at:
        release_held(place.flow)
    elif place.ways.hours(MAIL, place.flow.now()) <= place.flow.now():  # nearer to its reading, less of it is over
        gather_digests(place.flow, time.fromisoformat(at), going)


def _settle(place: Workplace, channels: Sequence[Channel]) -> None:
    """Close what was said of channels that are not in the settings any more."""
    from rectiflow.notifiers.message import CHANNEL_TITLES
    from rectiflow.storage import queries

    gone = [f":channel:{name}" for name in CHANNEL_TITLES if name not in {c.name for c in channels}]
    queries.settle_incidents(place.flow.store.engine, place.flow.district, gone, now=place.flow.now())


def _wake(place: Workplace) -> None:
    """Let what waited for a channel to be configured try again, and what stood behind it."""
    from rectiflow.notifiers import IN_TURN, UNCONFIGURED
    from rectiflow.storage import outbox

    flow = place.flow
    if outbox.wake(flow.store.engine, flow.district, UNCONFIGURED, now=flow.now()):
        outbox.wake(flow.store.engine, flow.district, IN_TURN, now=flow.now())


def _outbox(place: Workplace, only: Sequence[str] | None) -> StoreOutbox:
    from rectiflow._enclosing import Papers
    from rectiflow._outbox import StoreOutbox
    from rectiflow._unreached import call_off, let_call

    flow = place.flow

    def call(message: Message, why: str) -> None:
        for key, number, person in _about(flow, message):
            try:
                let_call(flow, key, number, person, why, within=str(message.id))
            except WorkplaceError:
                raise
            except Exception:  # the hazard cannot be read: the incident of the message says enough
                log.exception("隐患 %s 读不出来，没能提请打电话", number)

    def sent(message: Message) -> None:
        for key, number, person in _about(flow, message):
            call_off(flow, key, number, person)

    return StoreOutbox(
        flow.store,
        flow.owner,
        flow.now,
        flow.district,
        unreached=call,
        reached=sent,
        enclosed=Papers(flow, place.path(place.settings.templates)).of,
        only=only,
    )


def _about(flow: Rectiflow, message: Message) -> list[tuple[str, str | None, str]]:
    """Return what is told, to be called about where it does not arrive: key, hazard and person, of each step on its own."""
    from rectiflow._unreached import told_steps

    steps = told_steps(flow, str(message.id), message.params)
    told = [(row["key"], row["number"], row["recipient"]) for row in steps]
    return told or [(str(message.id), message.number, message.recipient)]


def _full(place: Workplace, message: Message, channel: str, contact: Contact) -> bool:
    """Tell whether a person has had enough of a channel for today, for whomever else in part. Without a digest nobody ever has.

    What answers an answer always goes: who writes has to learn what became of it, and how often is bounded there.
    """
    from rectiflow._repeats import addresses_of
    from rectiflow.engine.moments import at_hour, local_day
    from rectiflow.engine.telling import is_receipt
    from rectiflow.notifiers import SMS
    from rectiflow.storage.outbox import Measure, let_go

    told, flow, addresses = place.settings.outgoing, place.flow, addresses_of(channel, contact)
    most, of_it = told.per_day, told.sms_per_day if channel == SMS else 0
    if not told.digest or not (most or of_it) or not addresses or is_receipt(str(message.id)):
        return False
    measure = Measure(since=at_hour(local_day(flow.now()), 0), most=most, by_channel=of_it)
    return not let_go(
        flow.store.engine,
        flow.district,
        str(message.id),
        owner=flow.owner,
        channel=channel,
        addresses=addresses,
        measure=measure,
    )


def _copied(place: Workplace, message: Message) -> str | None:
    """Say that a short message repeats a mail that has gone, goes or is held."""
    from rectiflow.engine.telling import mail_of
    from rectiflow.storage import outbox

    mail = mail_of(str(message.id))
    other = outbox.standing_of(place.flow.store.engine, place.flow.district, mail) if mail else None
    told = other is not None and other.status in ("sent", "waiting", "held", "merged")
    return "同样的内容另有一条" if told else None
