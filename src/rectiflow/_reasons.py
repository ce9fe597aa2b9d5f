"""Why a message that waits need not be sent any more: what it asks for is compared with its hazard as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rectiflow._unheard import unheard
from rectiflow.engine.errors import NotFound, RectiflowError
from rectiflow.engine.outpaced import Beside, step_of
from rectiflow.engine.overtaken import Asked, overtaken
from rectiflow.engine.paper import Item, items_of
from rectiflow.engine.paper_letters import no_longer, paper_named, told_of
from rectiflow.engine.telling import RESTRICTED
from rectiflow.engine.vocabulary import default_template
from rectiflow.notifiers.digest import LISTS
from rectiflow.notifiers.parameters import ANSWERS, SIGNABLE
from rectiflow.storage import digests, outbox, paperwork

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers import Message

__all__ = ["asked_of", "lost_reason", "part_reason", "reason_gone", "to_sign"]


def reason_gone(flow: Rectiflow, message: Message) -> str | None:
    """Say why a message need not be sent any more; None while it need, and for what only tells what has happened."""
    if message.template in LISTS:  # over when all is that it tells
        parts = digests.parts(flow.store.engine, flow.district, digests.taken_keys(message.params))
        reasons = [part_reason(flow, part) for part in parts]
        return reasons[0] if reasons and all(reasons) else None
    return lost_reason(flow, {
        "key": str(message.id), "number": message.number, "seq": message.sequence, "recipient": message.recipient,
        "template": message.template, "created_at": message.created_at,
    })  # fmt: skip


def part_reason(flow: Rectiflow, row: Mapping[str, Any]) -> str | None:
    """Do `lost_reason` for a part of a list; one whose hazard cannot be read stands: that is told where it is read itself."""
    try:
        return lost_reason(flow, row)
    except RectiflowError:
        raise
    except Exception:  # noqa: BLE001 whatever is wrong with the data of one hazard
        return None


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


def to_sign(flow: Rectiflow, row: Mapping[str, Any]) -> bool:
    """Tell whether a message of the outbox asks somebody of the unit concerned about what waits to be signed for."""
    asks = row["template"] in SIGNABLE or (row["template"] in ANSWERS and "签收" in str(row["params"].get("clock")))
    if not asks or row["params"].get("invited") is False:
        return False
    paper = paper_named(row["key"])
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper) if paper else filter(None, [row["number"]])
    snapshots = (flow.snapshot(number) for number in numbers)
    return any(s.workflow.states[s.case.state].stage == "assigned" for s in snapshots)


def _items(flow: Rectiflow, paper: str) -> tuple[Item, ...]:
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper)
    return items_of(map(flow.snapshot, numbers), paper)


def _beside(flow: Rectiflow, row: Mapping[str, Any]) -> dict[str, Beside]:
    told = outbox.told_beside(flow.store.engine, flow.district, row["number"], row["recipient"])
    return {r["key"]: Beside(r["template"], r["sent_at"] or _written(r)) for r in told}


def _written(row: Mapping[str, Any]) -> datetime | None:
    """Return when a part of a list was written, which nobody has told yet or may never do; None for what is to go by itself."""
    return row["created_at"] if row["status"] == "merged" else None


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
        beside=_beside(flow, row) if step_of(row["key"]) else {},
        unheard=occasion == "recalled" and unheard(flow, row),
    )
