"""Messages that somebody sends at once: these and no others, whatever the hour and whatever they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rectiflow._upkeep import message, retry

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers import DispatchReport, Message

__all__ = ["send_at_once"]


def send_at_once(place: Workplace, keys: Sequence[str]) -> DispatchReport:
    """Send messages now that wait, wait for the digest, or did not arrive; what is over is dropped all the same.

    Args:
        keys: short ids or keys.

    Raises:
        NotFound: no message, or more than one, is meant by one of them; nothing is sent then.
    """
    from rectiflow._enclosing import Papers
    from rectiflow._outbox import DirectoryContacts, StoreOutbox, reason_gone
    from rectiflow._unreached import let_call
    from rectiflow.notifiers import Rules, dispatch_once
    from rectiflow.storage import incoming

    flow = place.flow
    flow.refresh()
    chosen = [message(flow, key).key for key in keys]
    retry(flow, chosen)

    def call(unreached: Message, why: str) -> None:
        let_call(flow, str(unreached.id), unreached.number, unreached.recipient, why)

    return dispatch_once(
        StoreOutbox(
            flow.store,
            flow.owner,
            flow.now,
            flow.district,
            unreached=call,
            enclosed=Papers(flow, place.path(place.settings.templates)).of,
            only=chosen,
        ),
        DirectoryContacts(flow.directory, incoming.dead_addresses(flow.store.engine, flow.district)),
        place.templates,
        place.ways.channels(),
        owner=flow.owner,
        now=flow.now,
        limit=len(chosen),
        rules=Rules(gone=partial(reason_gone, flow.store)),
        watch=place.ways.watch,
    )
