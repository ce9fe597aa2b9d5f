"""Steps of one clock that come due at once for one person are told in one message, not in one for each hazard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rectiflow._lists import is_damaged, list_params
from rectiflow._reasons import lost_reason
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.errors import RectiflowError
from rectiflow.engine.telling import event_of
from rectiflow.notifiers.digest import STEPS_DUE
from rectiflow.notifiers.message import MAJOR
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import digests, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["TOGETHER", "gather_steps"]

#: the key of a ladder step's message: number, clock, run, version, step, occurrence, person
_STEP = re.compile(r"[^:]+:(?P<clock>[a-z]\w*):\d+:\d+:[^:]+:\d+:.+")
TOGETHER = "together:"  #: begins the key of a message that tells several
_TAKEN = "与同时到期的其他隐患并作一条"


def gather_steps(flow: Rectiflow) -> int:
    """Put one message into the outbox in the place of several about one clock that would reach a person; return how many.

    Who stands in for others has one for all. What was tried already, what is about a major hazard, what says no more than
    a number and what waits behind an earlier message about its hazard goes by itself.
    """
    going = digests.going(flow.store.engine, flow.district, now=flow.now())
    behind = digests.behind(flow.store.engine, flow.district) if len(going) > 1 else frozenset[str]()
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in going:
        step = _STEP.fullmatch(row["key"])
        alone = row["template"] == RESTRICTED or row["key"] in behind or is_damaged(row, flow.now())
        if step is not None and not alone and row["params"].get("severity") != MAJOR:
            reached = flow.directory().reached_for(row["recipient"], flow.today())
            groups.setdefault((reached, row["channel"] or "", row["template"], step["clock"]), []).append(row)
    return sum(_gather(flow, person, rows) for (person, *_), rows in groups.items() if len(rows) > 1)


def _gather(flow: Rectiflow, person: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    engine, district = flow.store.engine, flow.district
    hidden = queries.restricted_numbers(engine, district, sorted({r["number"] for r in rows}))
    kept = {r["key"]: r for r in rows if r["number"] not in hidden and _stands(flow, r)}
    if len({event_of(key, row["recipient"]) for key, row in kept.items()}) < 2:
        return False

    def one(keys: Sequence[str]) -> MessageDraft:
        said = list_params(flow, STEPS_DUE, [kept[key] for key in keys], person)
        return MessageDraft(
            key=f"{TOGETHER}{keys[0]}",
            recipient=person,
            template=STEPS_DUE,
            params={**said, digests.TAKEN_IN: "\n".join(keys)},
            urgent=True,
            channel=kept[keys[0]]["channel"],
        )

    return digests.merge(engine, district, one, list(kept), _TAKEN, now=flow.now(), status="waiting")


def _stands(flow: Rectiflow, row: Mapping[str, Any]) -> bool:
    """Tell whether there is still a reason for a message; one that cannot be told goes by itself, and is judged there."""
    try:
        return lost_reason(flow, row) is None
    except RectiflowError:
        raise
    except Exception:  # noqa: BLE001 a hazard that cannot be read is counted against its own message
        return False
