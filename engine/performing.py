"""A story is performed in a world: who is meant, what is said, and what the engine answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from .decision import Decision, Refusal
from .errors import NotFound
from .moments import local_day
from .roles import holders
from .simulate import Case, World
from .stimulus import Act, Amend, Ask, Attachment, Hand, Import, Report, Rule, SignOff, Void
from .story import Scenario, Step
from .values import read_date

__all__ = ["Performance", "named"]

_STATED = ("assigned_on", "handed_in_on", "passed_on", "failed_on", "closed_on")
_NOTHING: Mapping[str, Any] = {}
_VERDICTS = {"approve": True, "批准": True, "reject": False, "不批准": False}


class Performance:
    """One story on its way: the world, and the ticket that is spoken of."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.scenario = scenario
        self.world = world
        self.number = ""

    @property
    def case(self) -> Case:
        """The ticket spoken of.

        Raises:
            NotFound: nothing was reported yet.
        """
        if self.number not in self.world.cases:
            raise NotFound(f"还没有隐患“{self.number}”" if self.number else "还没有上报隐患")
        return self.world.cases[self.number]

    def wait(self, step: Step) -> None:
        """Let time go on to a step."""
        if step.at is not None and step.skipped:
            self.world.sleep_until(step.at)
        elif step.at is not None:
            self.world.advance_to(step.at)

    def perform(self, step: Step) -> Decision | Refusal | None:
        """Do what a step says; None when it only looks.

        Raises:
            NotFound, Ambiguous: a person, ticket or request that does not exist.
            ValueError: something said cannot be read.
        """
        self.number = step.said.get("ticket", self.number)
        match step.action:
            case None:
                return None
            case "report":
                return self._new(self.world.begin(self.scenario.workflow, self._report(step)))
            case "import":
                return self._new(self.world.begin(self.scenario.workflow, self._import(step)))
            case _:
                return self.world.handle(self.case.ticket.number, self._stimulus(step))

    def persons(self, text: str) -> tuple[str, ...]:
        """Return whom a word means: a person by name or short name, a role's holders, or those of role@unit.

        Raises:
            NotFound, Ambiguous: nobody is meant, or no such unit.
        """
        text = self.scenario.people.get(text, text)
        found = named(self.world, text)
        if found:
            return found
        case = self.world.cases.get(self.number)
        workflow = self.world.workflows[case.ticket.workflow if case else self.scenario.workflow]
        if text in workflow.roles:
            fields = case.ticket.fields if case else _NOTHING
            return holders(workflow, text, fields, self.world.directory, local_day(self.world.now))
        return (self.world.directory.find_person(text).id,)

    # inside -----------------------------------------------------------------------------------------------------

    def _new(self, answer: Decision | Refusal) -> Decision | Refusal:
        if isinstance(answer, Decision):
            self.number = answer.ticket.number
        return answer

    def _report(self, step: Step) -> Report:
        return Report(hand=self._hand(step), data=step.data, evidence=_files(step.evidence))

    def _import(self, step: Step) -> Import:
        beside = {"proof", "listed", *_STATED}
        data = {k: v for k, v in step.data.items() if k not in beside}
        stated = {k: self._date(str(step.data[k])) for k in _STATED if k in step.data}
        row = Import(
            hand=self._hand(step),
            data=data,
            proof=str(step.data.get("proof", "reported")),
            key=str(len(self.world.cases)),
        )
        listed = step.data.get("listed")
        return replace(row, listed=str(listed) if listed else None, **_days(stated))

    def _stimulus(self, step: Step) -> Act | Ask | Rule | SignOff | Amend | Void:
        hand, said = self._hand(step), step.said
        match step.action:
            case "do":
                workflow = self.world.workflows[self.case.ticket.workflow]
                trigger = _by_title(workflow.triggers, step.subject)
                return Act(
                    trigger=trigger, hand=hand, data=step.data, evidence=_files(step.evidence), into=said.get("into")
                )
            case "ask":
                return Ask(kind=step.subject, hand=hand, data=step.data, level=said.get("level"))
            case "rule":
                return self._rule(step, hand)
            case "sign_off":
                return SignOff(ordinal=self._paper(step.subject), hand=hand)
            case "amend":
                return Amend(hand=hand, data=step.data, reason=said.get("reason", ""))
            case _:
                return Void(hand=hand, reason=step.subject)

    def _rule(self, step: Step, hand: Hand) -> Rule:
        if step.subject not in _VERDICTS:
            raise ValueError(f"rule 写 {'、'.join(_VERDICTS)} 之一，不能写“{step.subject}”")
        kind = step.said.get("request")
        fitting = [r.ordinal for r in self.case.requests.values() if kind in (None, r.kind)]
        if not fitting:
            raise NotFound(f"没有可审批的申请“{kind or ''}”")
        reason = step.said.get("reason", "")
        return Rule(ordinal=fitting[-1], approve=_VERDICTS[step.subject], hand=hand, data=step.data, reason=reason)

    def _paper(self, kind: str) -> int:
        fitting = [d.ordinal for d in self.case.documents.values() if d.kind == kind]
        if not fitting:
            raise NotFound(f"没有文书“{kind}”")
        return fitting[-1]

    def _hand(self, step: Step) -> Hand:
        clerk, said = self._one(step.who or ""), step.said
        on = self._date(said["on"]) if "on" in said else None
        hand = Hand(actor=clerk, via=said.get("via", "self"), on=on, note=said.get("note", ""))
        return replace(hand, actor=self._one(said["for"]), entered_by=clerk) if "for" in said else hand

    def _one(self, text: str) -> str:
        found = self.persons(text)
        if not found:
            raise NotFound(f"“{text}”这一角色现在没有人")
        return found[0]

    def _date(self, text: str) -> date:
        return read_date(text, local_day(self.world.now))


def named(world: World, text: str) -> tuple[str, ...]:
    """Return the holders of `role@unit` now; empty when the word is not of that form.

    Raises:
        NotFound, Ambiguous: no such unit, or nobody there holds the role.
    """
    role, at, unit = text.partition("@")
    if not at:
        return ()
    found = world.directory.holders(role, world.directory.find_unit(unit).id, local_day(world.now))
    if not found:
        raise NotFound(f"{unit}没有人任 {role}")
    return found


def _by_title(titles: Mapping[str, str], text: str) -> str:
    return next((k for k, title in titles.items() if title == text), text)


def _files(names: Iterable[str]) -> tuple[Attachment, ...]:
    return tuple(Attachment(sha256=sha256(n.encode()).hexdigest(), name=n, size=len(n)) for n in names)


def _days(stated: Mapping[str, date]) -> dict[str, Any]:
    """Hand over stated days as keyword arguments; a failed day says that it failed."""
    return {**stated, **({"failed": True} if "failed_on" in stated else {})}
