"""One hazard as the peers know it: who does what, from which state to which, and the rows that come with it.

There are as many rows of each of these kinds as the engine writes: ticket, history, timer and outbox.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

__all__ = ["NOW", "PEOPLE", "REPORT", "STATES", "STEPS", "Person", "Step", "guard", "may", "message", "numbers"]

MONDAY = date(2024, 9, 2)
NOW = datetime(2024, 9, 2, 1, tzinfo=UTC)
STATES = ("reported", "assigned", "rectifying", "pending_verification", "verified", "closed")


@dataclass(frozen=True)
class Person:
    """Somebody with the roles of their post."""

    name: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Step:
    """One transition: who does it, what is handed in, which timer ends, which begin, and who is told."""

    trigger: str
    source: str
    target: str
    actor: str
    role: str
    data: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    disarm: str = ""
    arm: tuple[tuple[str, int], ...] = ()  #: clock, days from now
    tell: tuple[str, ...] = ()

    def due(self) -> list[tuple[str, datetime]]:
        """Return the timers that begin."""
        return [(clock, NOW + timedelta(days=days)) for clock, days in self.arm]


PEOPLE = {
    "head": Person("head", frozenset({"safety_section", "lead_section"})),
    "inspector": Person("inspector", frozenset({"verifier"})),
    "principal": Person("principal", frozenset({"principal"})),
    "officer": Person("officer", frozenset({"safety_officer"})),
}
_FOUND: dict[str, str | int] = {
    "unit": "school",
    "inspecting_unit": "section",
    "source": "bureau",
    "found_on": MONDAY.isoformat(),
    "category": "fire",
    "description": "安全出口上锁",
}
_DUE: dict[str, str | int] = {
    "responsible_person": "officer",
    "due_on": (MONDAY + timedelta(days=14)).isoformat(),
}
_DONE: dict[str, str | int] = {"measures": "已拆除门锁", "completed_on": MONDAY.isoformat(), "evidence": 1}

REPORT = Step("report", "", "reported", "inspector", "verifier", _FOUND, arm=(("assign", 2),), tell=("head",))
STEPS = (
    Step(
        "assign",
        "reported",
        "assigned",
        "head",
        "lead_section",
        _DUE,
        disarm="assign",
        arm=(("sign", 1), ("rectify", 10)),
        tell=("officer", "principal"),
    ),
    Step("sign", "assigned", "rectifying", "principal", "principal", disarm="sign"),
    Step(
        "submit",
        "rectifying",
        "pending_verification",
        "officer",
        "safety_officer",
        _DONE,
        disarm="rectify",
        arm=(("verify", 7),),
        tell=("inspector",),
    ),
    Step(
        "pass",
        "pending_verification",
        "verified",
        "inspector",
        "verifier",
        disarm="verify",
        arm=(("close", 3),),
        tell=("head", "principal", "officer"),
    ),
    Step("close", "verified", "closed", "head", "lead_section", disarm="close", tell=("principal", "officer")),
)


def may(step: Step, person: Person) -> bool:
    """Tell whether this person's roles allow the step."""
    return step.role in person.roles


def guard(step: Step, fields: Mapping[str, str | int], taken: Mapping[str, str]) -> bool:
    """Tell whether what was handed in allows the step; who submitted cannot pass it."""
    if step.trigger == "assign":
        return str(fields.get("due_on", "")) >= str(fields["found_on"])
    if step.trigger == "submit":
        return bool(fields.get("measures")) and int(fields.get("evidence", 0)) > 0
    return step.trigger != "pass" or taken.get("submit") != step.actor


def message(step: Step, number: str, recipient: str, due_on: str | int | None) -> str:
    """Write the parameters of one message, as many and as long as the engine's."""
    return json.dumps(
        {
            "district_name": "测试区",
            "workflow": "一般隐患整改",
            "unit": "第一小学",
            "place": None,
            "description": "安全出口上锁",
            "category": "消防安全",
            "severity": "一般",
            "due_on": due_on,
            "state": step.target,
            "days_left": 14,
            "days_overdue": None,
            "measures": None,
            "interim": None,
            "actor": step.actor,
            "actor_unit": "安全股",
            "note": None,
            "action": step.trigger,
            "recipient": recipient,
            "number": number,
        },
        ensure_ascii=False,
    )


def numbers(prefix: str) -> Callable[[], str]:
    """Return a function that gives the next ticket number."""
    count = itertools.count(1)
    return lambda: f"{prefix}-2024-{next(count):06d}"
