"""A visit as it is stated: what speaks against it, all at once; and findings that look like what is on record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.engine.decision import Refusal
from rectiflow.engine.likeness import likely, likeness
from rectiflow.engine.stimulus import Act, Hand, Report
from rectiflow.engine.visiting import Visit, visit_reasons
from support.district import CLERK, HEAD, PHOTO, SAFETY, SCHOOL, directory, done, hazard, rectifying, submit, world

NOW = datetime(2024, 9, 9, 2, tzinfo=UTC)
MONDAY = date(2024, 9, 9)


def a_visit(**changes: Any) -> Visit:
    """Return a visit of the safety section to the sample school on Monday."""
    usual = Visit(
        district="420702",
        unit=SCHOOL,
        on=MONDAY,
        method="district",
        inspectors=(CLERK,),
        hand=Hand(actor=CLERK),
        entered_at=NOW,
    )
    return replace(usual, **changes)


def said(visit: Visit, findings: int = 1) -> list[str]:
    """Return what speaks against a visit."""
    return [r.message for r in visit_reasons(visit, findings, directory())]


@pytest.mark.parametrize(
    ("changes", "findings", "message"),
    [
        ({"unit": "nowhere"}, 1, "没有在用的单位“nowhere”"),
        ({"on": date(2024, 9, 10)}, 1, "检查日期 2024-09-10 晚于今天 2024-09-09"),
        ({"on": date(2024, 9, 5)}, 1, "补录须写明原因"),
        ({"method": "drone"}, 1, "没有检查方式“drone”"),
        ({"inspectors": ()}, 1, "没有写检查人"),
        ({"inspectors": (HEAD,)}, 1, "是受检单位的人员，不能作检查人"),
        ({"method": "self"}, 1, "不是本单位的"),
        ({"method": "joint"}, 1, "联合检查须写明联合单位"),
        ({}, 0, "没有发现隐患也须有人签字"),
        ({"signed_by": "town1-school1-head"}, 0, "不能代受检单位签字"),
    ],
)
def test_what_speaks_against_a_visit(changes: dict[str, Any], findings: int, message: str) -> None:
    """Each mistake is named with what to do."""
    (found,) = said(a_visit(**changes), findings)
    assert message in found


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({}, 1),
        ({"signed_by": HEAD}, 0),
        ({"on": date(2024, 9, 6)}, 3),  # Friday's visit entered on Monday
        ({"on": date(2024, 9, 2), "note": "系统停用"}, 1),
        ({"method": "joint", "partners": ("消防",), "inspectors": (CLERK, "消防专家")}, 1),
        ({"method": "self", "inspectors": (HEAD,)}, 1),
    ],
)
def test_what_is_a_visit(changes: dict[str, Any], findings: int) -> None:
    """Ordinary ones, late ones with a reason, joint ones, own ones, and those that found nothing."""
    assert said(a_visit(**changes), findings) == []


def test_everything_at_once() -> None:
    """Nobody has to try again for each mistake."""
    assert len(said(a_visit(on=date(2024, 9, 1), method="joint", inspectors=()), 0)) == 4


# what becomes of a finding ----------------------------------------------------------------------------------------

DATA: dict[str, Any] = {
    "source": "bureau",
    "found_on": date(2024, 9, 2),
    "category": "fire_passage",
    "description": "二楼疏散通道堆放课桌椅",
    "responsible_unit": SCHOOL,
}


def test_a_finding_put_right_on_the_spot_is_one_change() -> None:
    """Two lines of history, one revision, one deadline armed, and nobody is asked to assign what is done."""
    place, hand = world(), Hand(actor=CLERK)
    act = Act(trigger="on_spot", hand=hand, data={"responsible_unit": SCHOOL, "measures": "清走"}, evidence=(PHOTO,))
    answer = done(place.begin("hazard", Report(hand=hand, data=DATA, then=act)))
    case = place.cases[answer.ticket.number]
    assert [(e.kind, e.to_state) for e in case.events] == [("reported", "reported"), ("acted", "verified")]
    assert (case.ticket.rev, case.ticket.seq, case.ticket.marks["on_the_spot"]) == (1, 2, True)
    assert {k.clock for k in case.timers} == {"close"}
    assert "lead_section" not in {m.params.get("action") for m in case.messages.values()}
    assert case.evidence == [PHOTO]
    done(place.act(case.ticket.number, "close", SAFETY))


def test_neither_is_done_when_the_second_is_refused() -> None:
    """On the spot without evidence: no hazard is opened."""
    place, hand = world(), Hand(actor=CLERK)
    act = Act(trigger="on_spot", hand=hand, data={"responsible_unit": SCHOOL, "measures": "清走"})
    answer = place.begin("hazard", Report(hand=hand, data=DATA, then=act))
    assert isinstance(answer, Refusal)
    assert place.cases == {}


def test_fixed_by_the_school_itself_waits_for_the_verifier() -> None:
    """自查自改: reported and handed in at once."""
    place, hand = world(), Hand(actor=HEAD)
    act = Act(trigger="self_fix", hand=hand, data={"measures": "清走", "completed_on": "2024-09-02"}, evidence=(PHOTO,))
    answer = done(place.begin("hazard", Report(hand=hand, data={**DATA, "source": "self"}, then=act)))
    case = place.cases[answer.ticket.number]
    assert (answer.ticket.state, case.clocks["verify"].live, case.clocks["assign"].live) == (
        "pending_verification", True, False,
    )  # fmt: skip


# likeness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("二楼疏散通道堆放课桌椅", "二楼疏散通道又堆放了课桌椅", True),
        ("食堂留样不足", "食堂留样不足48小时", True),
        ("灭火器过期", "三个灭火器已过期", True),
        ("二楼疏散通道堆放课桌椅", "食堂留样不足", False),
        ("灭火器过期", "校门口摊贩占道", False),
        ("消火栓无水", "消火栓箱破损，水带缺失", False),
    ],
)
def test_what_looks_alike(one: str, other: str, alike: bool) -> None:
    """The same thing in other words is worth a look, other things are not."""
    assert (likeness(one, other) >= 0.5) is alike


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_measure(one: str, other: str) -> None:
    """Between nothing and all, the same both ways, and all for the same text that says something."""
    found = likeness(one, other)
    assert 0 <= found <= 1
    assert found == likeness(other, one)
    assert likeness(one, one) in (0.0, 1.0)


def test_what_a_finding_may_repeat() -> None:
    """Open ones before closed ones; what was unfounded or of another place is not offered."""
    place = world()
    closed = rectifying(place, place="教学楼")
    done(submit(place, closed))
    done(place.act(closed, "pass", SAFETY))
    done(place.act(closed, "close", CLERK))
    still_open = hazard(place, place="教学楼", description="二楼疏散通道又堆了课桌椅")
    unfounded = hazard(place, place="教学楼")
    done(place.act(unfounded, "dismiss", SAFETY, reason="不属实"))
    hazard(place, place="食堂", description="留样不足")
    tickets = [c.ticket for c in place.cases.values()]
    found = likely("二楼疏散通道堆放课桌椅", "教学楼", tickets)
    assert [(k.number, k.open) for k in found] == [(still_open, True), (closed, False)]
    assert likely("围墙开裂", "操场", tickets) == ()
