"""What did not arrive and need not any more: the step was taken by other ways, so that what is open about it ends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rectiflow._reasons import asked_of
from rectiflow.engine.errors import RectiflowError
from rectiflow.engine.overtaken import answered
from rectiflow.engine.paper_letters import paper_named
from rectiflow.notifiers.digest import LISTS
from rectiflow.storage import digests, outbox, paperwork

if TYPE_CHECKING:
    from rectiflow._flow import Outcome, Rectiflow

__all__ = ["settle_astray", "still_to_tell"]

log = logging.getLogger(__name__)


def settle_astray(flow: Rectiflow, outcome: Outcome) -> None:
    """After a step on a hazard, cancel what did not arrive and asked for it, and close its incidents, with the reason.

    The call that was to be made ends with its deadline. An assignment that was signed for, by telephone or by hand, need
    not be delivered any more; a paper not before all its hazards are. Whoever was told by telephone has been told: what
    did not arrive stays in the outbox, and can be sent again.
    """
    if all(event.kind in ("timer", "reported") for event in outcome.decision.events):
        return
    try:
        _settle(flow, outcome)
    except (
        RectiflowError
    ) as exc:  # the step itself is done: what is open about messages is looked at after the next one
        log.warning("%s 的消息事项没有结束：%s", outcome.ticket.number, exc)


def still_to_tell(flow: Rectiflow, row: Mapping[str, Any]) -> bool:
    """Tell whether what a message that did not arrive says is still to be told: neither answered for nor said by telephone."""
    if row["template"] in LISTS:
        parts = digests.parts(flow.store.engine, flow.district, digests.taken_keys(row["params"]))
        return not parts or any(still_to_tell(flow, part) for part in parts)
    if row["number"] is None:
        return True
    mine = {"reached": True, "person": row["recipient"]}
    since = (e for e in flow.history(row["number"]) if e.kind == "called" and e.recorded_at >= row["created_at"])
    told = any(mine.items() <= dict(e.public).items() for e in since)
    return not told and _answered(flow, row) is None


def _settle(flow: Rectiflow, outcome: Outcome) -> None:
    from rectiflow.notifiers import STILL, UNCONFIGURED

    engine, district, endings = flow.store.engine, flow.district, (STILL, UNCONFIGURED)
    called = any(event.kind == "called" for event in outcome.decision.events)
    number = outcome.ticket.number
    lists = outbox.astray_lists(engine, district, number, sorted(LISTS))
    for row in (*outbox.astray(engine, district, number, endings), *lists):
        why = _answered(flow, row)
        if why is not None:
            outbox.answered(engine, district, row, endings, why=why, now=flow.now())
        elif called and not still_to_tell(flow, row):
            outbox.told(engine, district, row, why="已电话告知", now=flow.now())


def _answered(flow: Rectiflow, row: Mapping[str, Any]) -> str | None:
    if row["template"] in LISTS:
        parts = digests.parts(flow.store.engine, flow.district, digests.taken_keys(row["params"]))
        reasons = [_answered(flow, part) for part in parts]
        return reasons[0] if reasons and all(reasons) else None
    paper = paper_named(row["key"], ("serve",))
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper) if paper else [row["number"]]
    asked = asked_of(flow, row)
    reasons = [answered(flow.snapshot(number), asked, flow.today()) for number in numbers]
    return reasons[0] if reasons and all(reasons) else None
