"""Many changes, some to a commit: each done or refused by itself, in order."""

from __future__ import annotations

from typing import Any

import pytest

from rectiflow._bulk import handle_each
from rectiflow._flow import Outcome, Rectiflow
from rectiflow.engine.errors import NotFound, RectiflowError, Refused
from rectiflow.engine.stimulus import Act, Hand, Stimulus
from support.stores import assigned, reported

SIGN, RECALL = (
    Act(trigger="sign", hand=Hand(actor="head")),
    Act(trigger="recall", hand=Hand(actor="chief"), data={"reason": "写错"}),
)


def states(flow: Rectiflow, numbers: list[str]) -> list[str]:
    """Return where hazards stand."""
    return [flow.ticket(n).state for n in numbers]


def came(results: list[Outcome | RectiflowError]) -> list[str]:
    """Say of each what came of it."""
    return [type(r).__name__ if isinstance(r, RectiflowError) else r.ticket.state for r in results]


def test_each_by_itself(flow: Rectiflow) -> None:
    """Those that are refused or unknown stand in their place; the others are done, with their history whole."""
    numbers = [assigned(flow).number for _ in range(4)] + [reported(flow).number]
    orders: list[tuple[str, Stimulus]] = [(n, SIGN) for n in (*numbers, "LZH-2024-000099")]
    orders.append((numbers[0], RECALL))  # of the same hazard: decided on what the first has made of it
    results = list(handle_each(flow, orders, at_once=3))
    assert came(results) == ["rectifying"] * 4 + ["Refused", "NotFound", "reported"]
    assert states(flow, numbers) == ["reported", *["rectifying"] * 3, "reported"]
    assert all(breaks == () for *_, breaks in flow.audit())


def test_what_somebody_else_changed_is_decided_anew(flow: Rectiflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a batch has moved on meanwhile: it is decided on as it now stands, the others are not held up."""
    numbers = [assigned(flow).number for _ in range(3)]
    carry_each = flow.carry_each

    def late(answers: Any) -> Any:
        monkeypatch.undo()
        flow.do(numbers[1], "recall", by="chief", reason="写错")
        return carry_each(answers)

    monkeypatch.setattr(flow, "carry_each", late)
    results = list(flow.handle_each((n, SIGN) for n in numbers))
    assert came(results) == ["rectifying", "Refused", "rectifying"]
    assert isinstance(results[1], Refused)
    assert states(flow, numbers) == ["rectifying", "reported", "rectifying"]


def test_nothing_and_unknown(flow: Rectiflow) -> None:
    """No orders, or only such as mean no hazard."""
    assert list(flow.handle_each([])) == []
    (only,) = flow.handle_each([("LZH-2024-000077", SIGN)])
    assert isinstance(only, NotFound)
