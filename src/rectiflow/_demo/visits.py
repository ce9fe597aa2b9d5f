"""Two visits of the demonstration and what follows from them: one notice over many hazards, and a zero report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from rectiflow._papers import draft_paper, items_of, take_step
from rectiflow._print import print_paper
from rectiflow._visits import Found, inspect
from rectiflow.engine.paper import Order
from rectiflow.engine.stimulus import Attachment, Hand
from rectiflow.engine.visiting import Visit

from .cast import Cast

__all__ = ["VisitStory", "visit_stories"]

_Scene = Callable[["VisitStory", Cast], object]


class VisitStory(Struct):
    """One visit: who comes where, what is found, and what happens to its notice on which day."""

    title: str
    unit: str
    on: date
    method: str
    inspector: str  #: the role and unit of who inspects, as role@unit
    findings: Sequence[Found]
    scenes: Mapping[date, _Scene]
    partners: tuple[str, ...] = ()
    zero: bool = False
    numbers: list[str] = field(default_factory=list[str])
    paper: str = ""
    opinion: str = ""

    def day(self, cast: Cast, day: date) -> None:
        """Do what is due on a day: the visit is entered on the day it is made, the rest follows."""
        if day == self.on:
            self._visit(cast)
        scene = self.scenes.get(day)
        if scene is not None:
            scene(self, cast)

    def who(self, cast: Cast, said: str) -> str:
        """Return the person of role@unit."""
        role, _, unit = said.partition("@")
        return cast.post(role, cast.flow.directory().find_unit(unit).id if unit else None)

    def order(self, by: str, cast: Cast, **given: Any) -> Order:
        """Say what is wanted of the notice; a hand may be given for who answers by telephone."""
        return Order(hand=given.pop("hand", Hand(actor=by)), **given)

    def print(self, cast: Cast, folder: Path) -> None:
        """Print the notice and the opinion, as the office would."""
        for paper in filter(None, (self.paper, self.opinion)):
            for ending in (".docx", ".html"):
                print_paper(cast.flow, paper, folder / f"{paper}{ending}", by=cast.post("safety_section"))

    def _visit(self, cast: Cast) -> None:
        flow, by = cast.flow, self.who(cast, self.inspector)
        unit = flow.directory().find_unit(self.unit).id
        visit = Visit(
            district=flow.district,
            unit=unit,
            on=self.on,
            method=self.method,
            inspectors=(by,),
            partners=self.partners,
            signed_by=cast.post("principal", unit) if self.zero else None,
            hand=flow.hand(by, on=self.on),
            entered_at=flow.now(),
        )
        came = inspect(flow, visit, [_with_photograph(cast, f, k) for k, f in enumerate(self.findings)])
        self.numbers = [t.number for t in came.tickets if t.state == "reported"]


def _with_photograph(cast: Cast, found: Found, index: int) -> Found:
    """Give what was put right at once a picture to show it."""
    from msgspec.structs import replace

    if found.outcome == "opened":
        return found
    assert cast.flow.evidence is not None
    return replace(found, evidence=(cast.flow.evidence.put(f"当场整改{index + 1}.png", cast.picture(f"spot{index}")),))


def _issue(due_on: str, signer: str, server: str) -> _Scene:
    """Draft, sign and serve the notice in one day, as a small office does."""

    def scene(story: VisitStory, cast: Cast) -> None:
        flow = cast.flow
        unit = flow.directory().find_unit(story.unit).id
        officer = cast.post("safety_officer", unit)
        by = story.who(cast, server)
        data = {"due_on": due_on, "responsible_person": officer}
        story.paper = draft_paper(
            flow, "rectification_notice", story.numbers, story.order(by, cast, data=data)
        ).paper.id
        cast.later()
        take_step(flow, "sign", story.paper, story.order(story.who(cast, signer), cast))
        cast.later()
        take_step(flow, "serve", story.paper, story.order(by, cast, hand=Hand(actor=by, via="in-person")))

    return scene


def _acknowledge_by_telephone(story: VisitStory, cast: Cast) -> None:
    unit = cast.flow.directory().find_unit(story.unit).id
    said = cast.by_telephone("签收")
    hand = Hand(actor=cast.post("principal", unit), entered_by=said["entered_by"], via="phone", note=said["note"])
    take_step(cast.flow, "acknowledge", story.paper, story.order("", cast, hand=hand))


def _reply(places: Sequence[int], measures: str) -> _Scene:
    def scene(story: VisitStory, cast: Cast) -> None:
        unit = cast.flow.directory().find_unit(story.unit).id
        by = cast.post("safety_officer", unit)
        numbers = tuple(story.numbers[k - 1] for k in places)
        files: dict[str, tuple[Attachment, ...]] = {n: (cast.photograph(cast.flow.ticket(n)),) for n in numbers}
        data = {"measures": measures, "completed_on": cast.today}
        order = story.order(by, cast, data=data, evidence=files, items=numbers)
        take_step(cast.flow, "reply", story.paper, order)

    return scene


def _verify(judge: str, passed: Sequence[int], failed: Mapping[int, Mapping[str, str]]) -> _Scene:
    """Re-inspect item by item; who judges signs the opinion."""

    def scene(story: VisitStory, cast: Cast) -> None:
        by = story.who(cast, judge)
        numbers = {k: story.numbers[k - 1] for k in (*passed, *failed)}
        order = story.order(
            by,
            cast,
            hand=Hand(actor=by, via="in-person"),
            items=tuple(numbers[k] for k in passed),
            failed=tuple(numbers[k] for k in failed),
            each={numbers[k]: dict(v) for k, v in failed.items()},
        )
        story.opinion = take_step(cast.flow, "verify", story.paper, order).paper.id
        cast.later()
        take_step(cast.flow, "sign", story.opinion, story.order(by, cast))

    return scene


def _close(story: VisitStory, cast: Cast) -> None:
    """Strike off what passed, by somebody who took no part."""
    for item in items_of(cast.flow, story.paper, cast.post("safety_section")):
        ticket = cast.flow.ticket(item.number)
        took = {e.actor for k in ("submit", "pass") for e in ticket.taken.get(k, ())}
        by = next(p for p in cast.all(ticket, "safety_section") if p not in took)
        if cast.flow.workflow_of(ticket).states[ticket.state].stage == "verified":
            cast.do(ticket, "close", by)


def _found(description: str, place: str, category: str, outcome: str = "opened", measures: str = "") -> Found:
    data = {"description": description, "place": place, "category": category}
    return Found(data=data, outcome=outcome, given={"measures": measures} if measures else {})


def visit_stories() -> list[VisitStory]:
    """Return the visits of the term: eight findings in one notice, a town's own notice, and nothing found."""
    eight = VisitStory(
        title="联合检查发现八条，一件通知，逐项答复、逐项复查",
        unit="示例一镇初级中学",
        on=date(2024, 9, 12),
        method="joint",
        inspector="safety_section@安全股",
        partners=("区消防救援大队",),
        findings=(
            _found("教学楼一层安全出口上锁，钥匙无专人保管", "教学楼", "fire_exit"),
            _found("宿舍楼二层疏散通道堆放床架", "宿舍楼", "fire_passage"),
            _found("三处应急照明灯不亮", "教学楼", "fire"),
            _found("灭火器压力不足两具", "食堂", "fire", "on_spot", "当场更换灭火器两具"),
            _found("实验室危化品柜未双人双锁", "实验室", "hazmat"),
            _found("食堂留样盒无标签，留样不足48小时", "食堂", "food"),
            _found("配电箱前堆放杂物", "配电室", "fire"),
            _found("校门防撞桩损坏一根", "校门", "security"),
        ),
        scenes={
            date(2024, 9, 13): _issue("2024-09-27", "bureau_leader", "safety_section@安全股"),
            date(2024, 9, 14): _acknowledge_by_telephone,
            date(2024, 9, 26): _reply((1, 2, 3, 4, 5, 6), "已逐项整改到位，明确专人负责"),
            date(2024, 9, 29): _verify(
                "verifier@安全股",
                (1, 2, 3, 5, 6),
                {4: {"reason": "危化品柜仍为单锁，台账缺领用签字", "due_on": "2024-10-18"}},
            ),
            date(2024, 10, 8): _close,
            date(2024, 10, 16): _reply((4,), "已换双人双锁柜，补齐领用台账"),
            date(2024, 10, 17): _verify("verifier@安全股", (4,), {}),
            date(2024, 10, 21): _close,
            date(2024, 11, 4): _reply((7,), "防撞桩已修复"),
            date(2024, 11, 5): _verify("verifier@安全股", (7,), {}),
            date(2024, 11, 7): _close,
        },
    )
    town = VisitStory(
        title="镇中心学校自己检查、自己发通知、自己复查",
        unit="示例二镇湖滨小学",
        on=date(2024, 11, 6),
        method="town",
        inspector="town_supervisor@示例二镇中心学校",
        findings=(
            _found("校车上下客处无护栏", "校门", "school_bus"),
            _found("临湖围栏缺失两处", "操场", "drowning"),
            _found("楼梯扶手松动", "教学楼", "building"),
        ),
        scenes={
            date(2024, 11, 7): _issue("2024-11-29", "signatory@示例二镇中心学校", "town_supervisor@示例二镇中心学校"),
            date(2024, 11, 8): _acknowledge_by_telephone,
            date(2024, 11, 26): _reply((1, 2, 3), "已按通知逐项整改"),
            date(2024, 11, 28): _verify("verifier@示例二镇中心学校", (1, 2, 3), {}),
            date(2024, 12, 2): _close,
        },
    )
    nothing = VisitStory(
        title="检查没有发现隐患，学校签字（零报告）",
        unit="示例三镇第二小学",
        on=date(2024, 10, 15),
        method="unannounced",
        inspector="safety_section@安全股",
        findings=(),
        scenes={},
        zero=True,
    )
    return [eight, nothing, town]
