"""A notice on its way through a simulated world."""

from __future__ import annotations

from typing import Any

from rectiflow.engine import drafting, papers
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.moments import local_day
from rectiflow.engine.paper import Item, Order, Plan, items_of
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Hand

from .district import HEAD, LEADER, PHOTO, RECTIFIER, SAFETY, hazard, world

DEMAND: dict[str, Any] = {"due_on": "2024-09-20", "responsible_person": RECTIFIER}
FINISHED: dict[str, Any] = {"measures": "已清走", "completed_on": "2024-09-02"}


class Desk:
    """A world with a notice on its way."""

    def __init__(self, count: int = 3, **data: Any) -> None:
        self.world: World = world()
        self.numbers = [hazard(self.world, description=f"第 {k} 处堆物", **data) for k in range(1, count + 1)]
        self.told: list[tuple[str, str]] = []

    @property
    def items(self) -> tuple[Item, ...]:
        """The notice as it stands."""
        return items_of(map(self.world.snapshot, self.numbers), "W1")

    def draft(self, by: str = SAFETY, **given: Any) -> Plan | Refusal:
        """Plan the draft."""
        said: dict[str, Any] = {"data": DEMAND, **given}
        order = Order(hand=Hand(actor=by), **said)
        snapshots = [self.world.snapshot(n) for n in self.numbers]
        return drafting.draft("rectification_notice", "W1", snapshots, order, local_day(self.world.now))

    def step(self, name: str, by: str | Hand, **given: Any) -> Plan | Refusal:
        """Plan a further step."""
        hand = by if isinstance(by, Hand) else Hand(actor=by)
        return papers.step(name, self.items, Order(hand=hand, **given), local_day(self.world.now), new_id="W2")

    def carry(self, plan: Plan | Refusal) -> list[Decision] | Refusal:
        """Carry a plan out in the world, all of it or nothing."""
        if isinstance(plan, Refusal):
            return plan
        answer = papers.carry_out(plan, self.world.now)
        if isinstance(answer, Refusal):
            return answer
        for (snapshot, _), decision in zip(plan.parts, answer, strict=True):
            self.world.carry_out(decision, snapshot.case.number)
        self.told = [(m.template, m.recipient) for d in answer for m in d.messages]
        return answer

    def until(self, *steps: str) -> Desk:
        """Bring the notice on its usual way."""
        usual: dict[str, tuple[str | Hand, dict[str, Any]]] = {
            "sign": (LEADER, {}),
            "serve": (SAFETY, {}),
            "acknowledge": (HEAD, {}),
            "reply": (RECTIFIER, {"data": FINISHED, "evidence": dict.fromkeys(self.numbers, (PHOTO,))}),
        }
        assert isinstance(self.carry(self.draft()), list)
        for name in steps:
            by, given = usual[name]
            assert isinstance(self.carry(self.step(name, by, **given)), list)
        return self

    def states(self) -> list[str]:
        """Return where the hazards stand."""
        return [self.world.cases[n].ticket.state for n in self.numbers]
