"""Why a message that waits need not be sent any more: what it asks for is compared with its hazard as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rectiflow._unheard import unheard
from rectiflow.engine.errors import NotFound
from rectiflow.engine.overtaken import Asked, overtaken
from rectiflow.engine.paper import Item, items_of
from rectiflow.engine.paper_letters import no_longer, told_of
from rectiflow.engine.telling import RESTRICTED
from rectiflow.engine.vocabulary import default_template
from rectiflow.storage import digests, outbox, paperwork

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers import Message

__all__ = ["TOGETHER", "asked_of", "lost_reason", "reason_gone"]

TOGETHER = "together:"  #: begins the key of a message that tells several steps at once


def reason_gone(flow: Rectiflow, message: Message) -> str | None:
    """Say why a message need not be sent any more; None while it need, and for what only tells what has happened."""
    row: dict[str, Any] = {
        "key": str(message.id), "number": message.number, "seq": message.sequence, "recipient": message.recipient,
        "template": message.template, "created_at": message.created_at,
    }  # fmt: skip
    if row["key"].startswith(TOGETHER):  # over when all is that it tells
        parts = [{**row, "key": key, "number": key.partition(":")[0]} for key in digests.taken_keys(message.params)]
        reasons = [lost_reason(flow, part) for part in parts]
        return reasons[0] if reasons and all(reasons) else None
    return lost_reason(flow, row)


def lost_reason(flow: Rectiflow, row: Mapping[str, Any], *, paused: bool = True) -> str | None:
    """Say why a message of the outbox need not be sent any more. `paused`: a deadline that rests is a reason."""
    if row["number"] is None:
        return None
    told = told_of(row["key"])
    if told is not None:
        return no_longer(told.step, _items(flow, told.paper))
    try:
        snapshot = flow.snapshot(row["number"])
    except NotFound:
        return None
    return overtaken(snapshot, asked_of(flow, row), flow.today(), paused=paused)


def _items(flow: Rectiflow, paper: str) -> tuple[Item, ...]:
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper)
    return items_of(map(flow.snapshot, numbers), paper)


def asked_of(flow: Rectiflow, row: Mapping[str, Any]) -> Asked:
    """Return what a message of the outbox asks for; of a restricted hazard its history says on what occasion."""
    told = outbox.acted_since(flow.store.engine, flow.district, row["number"], row["seq"])
    occasions = {seq: default_template(trigger) for seq, trigger in told.items()}
    own = occasions.pop(row["seq"], "")
    at: datetime = row["created_at"]
    occasion = own if row["template"] == RESTRICTED else row["template"]
    return Asked(
        key=row["key"],
        recipient=row["recipient"],
        occasion=occasion,
        at=at,
        later=tuple(occasions.values()),
        unheard=occasion == "recalled" and unheard(flow, row),
    )
