"""A filter in one line: ids and Chinese titles, every operator, everything wrong at once; and lists in an order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rectiflow import Rectiflow, TicketFilter
from rectiflow._lines import in_order, read_columns, read_order
from rectiflow._papers import draft_paper
from rectiflow._views import listing
from rectiflow._where import find, read_where
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.moments import at_hour
from rectiflow.engine.paper import Order
from rectiflow.engine.stimulus import Hand
from support.workplaces import sample_workplace

KEEPER = "安全股股长"
FIRST, SECOND = "示例一镇第一小学", "示例一镇希望小学"


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rectiflow]:
    """Six hazards: 1 and 2 being rectified at one school, 3 waiting to be assigned, 4 closed, 5 restricted, 6 of a town."""
    flow = sample_workplace(Path(tmp_path_factory.mktemp("where"))).flow
    _report(flow, FIRST, due_on=date(2024, 9, 20), steps=2)
    _report(flow, FIRST, due_on=date(2024, 9, 4), steps=2, category="食品安全")
    _report(flow, SECOND, found_on=date(2024, 8, 20))
    _report(flow, SECOND, steps=-1)
    _report(flow, FIRST, category="矛盾纠纷")
    _report(flow, "示例二镇中心学校", workflow="major_hazard")
    flow.clock.set(at_hour(date(2024, 9, 6), 9))  # type: ignore[attr-defined] # a rehearsal's clock can be set
    yield flow
    flow.close()


def _report(flow: Rectiflow, unit: str, *, steps: int = 0, due_on: date | None = None, **data: Any) -> None:
    workflow = data.pop("workflow", "hazard")
    given: dict[str, Any] = {"category": "消防安全", "source": "bureau", "found_on": flow.today(), "description": "甲"}
    number = flow.report(workflow, by=KEEPER, unit=unit, **given | data).number
    if steps < 0:
        flow.do(number, "dismiss", by=KEEPER, reason="不实")
    if steps > 0:
        by = "后勤办主任" if given["category"] != data.get("category", given["category"]) else KEEPER
        flow.do(number, "assign", by=by, responsible_person=f"{unit}校长", due_on=due_on)
    if steps > 1:
        flow.do(number, "sign", by=f"{unit}校长")


def _found(flow: Rectiflow, text: str, by: str = KEEPER) -> list[int]:
    return [int(n[-6:]) for n in find(flow, read_where(flow, text), by=flow.directory().find_person(by).id).numbers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"unit={FIRST} state=整改中", [1, 2]),
        (f"单位＝{FIRST}　环节：整改中 类别=消防安全", [1]),
        ("state=rectifying,待交办 类别=消防安全", [1, 3]),
        ("state=reported 类别=消防安全", [3, 6]),
        ("环节=核查不属实", [4]),
        ("已办结", [4]),
        ("逾期", [2]),
        ("overdue 类别=消防安全", []),
        ("时限<=9月4日", [2]),
        ("due_on > 2024-09-04", [1]),
        ("整改时限≥9.4", [1, 2]),
        ("排查日期<2024-09-01", [3]),
        (f"排查日期=8月20日 单位={FIRST}", []),
        ("等级=重大", [6]),
        ("severity=major", [6]),
        ("流程=一般隐患整改 未定时限", [3, 5]),
        (f"责任人={FIRST}校长", [1, 2]),
        ("年份=2024 单位=示例二镇中心学校", [6]),
        ("年份=2023", []),
        ("挂牌", []),
        (f"单位={FIRST} 单位={SECOND}", []),
    ],
)
def test_what_is_meant(flow: Rectiflow, text: str, expected: list[int]) -> None:
    """Every term, in both languages, with the signs people type; open hazards where no state is named."""
    assert _found(flow, text) == expected


def test_a_state_is_that_of_its_workflow(flow: Rectiflow) -> None:
    """整改中 does not mean 监测整改中, although both have one id: the title says which is meant."""
    ordinary = read_where(flow, "环节=整改中").wanted.states
    watched = read_where(flow, "环节=监测整改中").wanted.states
    assert "hazard/rectifying" in ordinary
    assert watched == {"hard_to_rectify/rectifying"}
    assert not ordinary & watched


def test_by_paper_and_by_visit(flow: Rectiflow) -> None:
    """The hazards of a paper, and of a visit; what there is not is said."""
    keeper = flow.directory().find_person(KEEPER).id
    order = Order(hand=Hand(actor=keeper), data={"due_on": "2024-09-30", "responsible_person": f"{SECOND}校长"})
    paper = draft_paper(flow, "rectification_notice", [flow.find("3")], order).paper.id
    assert _found(flow, f"文书={paper}") == [3]
    assert _found(flow, "notice=W1 等级=重大") == []
    with pytest.raises(InputUnusable, match="没有文书“W9”"):
        read_where(flow, "文书=W9")
    with pytest.raises(InputUnusable, match="没有检查记录“J9”"):
        read_where(flow, "检查=J9")


def test_the_restricted_are_counted_only(flow: Rectiflow) -> None:
    """Who may not see it does not act on it by accident, but is told that there is one."""
    person = flow.directory().find_person("后勤办主任").id
    found = find(flow, read_where(flow, f"单位={FIRST}"), by=person)
    assert ([int(n[-6:]) for n in found.numbers], found.hidden, found.everything) == ([1, 2], 1, False)


def test_everything_is_noticed(flow: Rectiflow) -> None:
    """A filter that leaves nothing out is no filter."""
    person = flow.directory().find_person("后勤办主任").id
    for text, everything in (("未办结", True), ("排查日期>=2024-01-01", True), ("类别=消防安全", False)):
        assert find(flow, read_where(flow, text), by=person).everything is everything


def test_everything_wrong_at_once(flow: Rectiflow) -> None:
    """Misspelt words with the near match, values that are none, signs that do not fit."""
    with pytest.raises(InputUnusable) as caught:
        read_where(flow, "环结=整改中 unti=x 单位=没有 时限<=9月31日 逾期=3 类别>消防 等级=中 年份=去年 环节=")
    lines = str(caught.value).split("\n")
    assert [line.split("：", 1)[0] for line in lines] == [
        f"“{word}”"
        for word in (
            *("环结=整改中", "unti=x", "单位=没有", "时限<=9月31日", "逾期=3", "类别>消防", "等级=中", "年份=去年"),
            "环节=",
        )
    ]
    assert lines[0].endswith("没有这个条件，是不是：环节？")
    assert lines[1].endswith("是不是：unit、notice？")
    assert lines[3].endswith("“9月31日”没有这一天")
    assert lines[4].endswith("“逾期”单独写就行，后面不写内容")
    assert lines[5].endswith("应写成 类别=消防安全")
    with pytest.raises(InputUnusable, match="没有写条件，可写：单位=一镇初中、环节=整改中"):
        read_where(flow, " ")


def _order(flow: Rectiflow, text: str) -> list[int]:
    lines = listing(flow, TicketFilter(open=True), by=flow.directory().find_person(KEEPER).id).lines
    return [int(line.number[-6:]) for line in in_order(flow, lines, read_order(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number", [1, 2, 3, 5, 6]),
        ("-编号", [6, 5, 3, 2, 1]),
        ("due_on", [2, 1, 3, 5, 6]),
        ("-时限", [1, 2, 3, 5, 6]),
        ("state,-number", [6, 5, 3, 2, 1]),
        ("排查日期、编号", [3, 1, 2, 5, 6]),
        ("逾期", [1, 3, 5, 6, 2]),
        ("-等级，编号", [6, 1, 2, 3, 5]),
    ],
)
def test_orders(flow: Rectiflow, text: str, expected: list[int]) -> None:
    """By any column, forward and back; what has no value stands last either way."""
    assert _order(flow, text) == expected


def test_units_stand_as_the_organisation_has_them(flow: Rectiflow) -> None:
    """Not by the code points of 一, 二, 三."""
    places = {u.name: at for at, u in enumerate(flow.directory().units.values())}
    lines = listing(flow, TicketFilter(), by=flow.directory().find_person(KEEPER).id).lines
    units = [line.unit for line in in_order(flow, lines, read_order("unit"))]
    assert units == sorted(units, key=lambda name: places[name])


def test_columns_that_are_none() -> None:
    """All of them are named, with the near match or with what there is."""
    assert [c.id for c in read_columns("编号, 环节，due_on、编号")] == ["number", "state_title", "due_on"]
    with pytest.raises(InputUnusable, match="没有列“编码”、“xyz”，是不是：编号？"):
        read_columns("编码,xyz")
    with pytest.raises(InputUnusable, match="没有列“--”，可写：编号、"):
        read_order("---")
