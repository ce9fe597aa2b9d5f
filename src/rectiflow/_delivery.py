"""A delivery: what waits in the outbox of a workplace is gathered, put into words and sent, batch after batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow._outbox import StoreOutbox
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers import DispatchReport, Message

__all__ = ["deliver"]


def deliver(place: Workplace, *, limit: int, going: Callable[[], bool], at_any_hour: bool) -> DispatchReport:
    """Send what waits in the outbox, batch after batch.

    Args:
        limit: messages of a batch.
        going: asked after each batch; when it says no, the rest waits for the next time.
        at_any_hour: do not wait for the hours of a channel; somebody has decided that it is to go now.
    """
    from rectiflow._outbox import DirectoryContacts, reason_gone
    from rectiflow.notifiers import Rules, any_hour, dispatch_once
    from rectiflow.storage import incoming

    flow, channels = place.flow, place.ways.channels()
    flow.refresh()  # addresses and substitutes as they are now
    _gather(place)
    if channels:
        _wake(place)
    dead = incoming.dead_addresses(flow.store.engine, flow.district)
    return dispatch_once(
        _outbox(place),
        DirectoryContacts(flow.directory, dead),
        place.templates,
        channels,
        owner=flow.owner,
        now=flow.now,
        limit=limit,
        rules=Rules(
            hours=any_hour if at_any_hour else place.ways.hours,
            gone=partial(reason_gone, flow.store),
            full=partial(_full, place),
        ),
        going=going,
    )


def _gather(place: Workplace) -> None:
    """Write the digests that are due; without digests what was held for one goes by itself."""
    from rectiflow._digest import gather_digests, release_held
    from rectiflow.notifiers import MAIL

    at = place.settings.outgoing.digest
    if not at:
        release_held(place.flow)
    elif place.ways.hours(MAIL, place.flow.now()) <= place.flow.now():  # nearer to its reading, less of it is over
        gather_digests(place.flow, time.fromisoformat(at))


def _wake(place: Workplace) -> None:
    """Let what waited for a channel to be configured try again, and what stood behind it."""
    from rectiflow.notifiers import IN_TURN, UNCONFIGURED
    from rectiflow.storage import outbox

    flow = place.flow
    if outbox.wake(flow.store.engine, flow.district, UNCONFIGURED, now=flow.now()):
        outbox.wake(flow.store.engine, flow.district, IN_TURN, now=flow.now())


def _outbox(place: Workplace) -> StoreOutbox:
    from rectiflow._enclosing import Papers
    from rectiflow._outbox import StoreOutbox
    from rectiflow._unreached import let_call

    flow = place.flow

    def call(message: Message, why: str) -> None:
        let_call(flow, str(message.id), message.number, message.recipient, why)

    return StoreOutbox(
        flow.store,
        flow.owner,
        flow.now,
        flow.district,
        unreached=call,
        enclosed=Papers(flow, place.path(place.settings.templates)).of,
    )


def _full(place: Workplace, message: Message, channel: str, under_way: Mapping[str, int]) -> bool:
    """Tell whether a person has had enough of a channel for today. Without a digest nobody ever has."""
    from rectiflow.engine.moments import at_hour, local_day
    from rectiflow.storage.incoming import sent_since

    told = place.settings.outgoing
    most, of_it = told.per_day, told.sms_per_day if channel == "sms" else 0
    if not told.digest or not (most or of_it):
        return False
    flow = place.flow
    sent = sent_since(flow.store.engine, flow.district, message.recipient, at_hour(local_day(flow.now()), 0))
    got = Counter(sent) + Counter(under_way)
    return bool(most and got.total() >= most) or bool(of_it and got[channel] >= of_it)
