"""The rows that reports count, from real histories: what was known then, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rectiflow import Rectiflow
from rectiflow._cases import cases
from rectiflow.engine.stimulus import Attachment
from rectiflow.reports import Case

GoTo = Callable[..., None]
KEEPER, VERIFIER = "安全股股长", "安全股副股长"
SCHOOL = "示例一镇第一小学"
HEAD = f"{SCHOOL}校长"
PHOTO = Attachment(sha256="0" * 64, name="整改后.jpg", size=3)
SEPTEMBER, OCTOBER = date(2024, 9, 30), date(2024, 10, 31)


def _report(flow: Rectiflow, **data: Any) -> str:
    given: dict[str, Any] = {"category": "疏散通道堵塞", "source": "bureau", "unit": SCHOOL, "description": "通道堵塞"}
    by = data.pop("by", KEEPER)
    return flow.report("hazard", by=by, found_on=flow.today(), **given | data).number


def _assign(flow: Rectiflow, number: str, days: int = 10) -> None:
    flow.do(number, "交办", by=KEEPER, responsible_person=HEAD, due_on=flow.today() + timedelta(days=days))
    flow.do(number, "签收", by=HEAD, entered_by=KEEPER, via="phone")


def _submit(flow: Rectiflow, number: str) -> None:
    flow.do(number, "申请复查", by=HEAD, measures="已清理", completed_on=flow.today(), evidence=[PHOTO])


def _case(flow: Rectiflow, number: str, until: date = SEPTEMBER) -> Case:
    (found,) = (c for c in cases(flow, until=until, cutoff=flow.now()) if c.number == number)
    return found


def test_a_hazard_through_its_life(anywhere: Rectiflow, go_to: GoTo) -> None:
    """Every milestone of an ordinary hazard is in its row, on either database."""
    number = _report(anywhere, funds="0.6")
    fresh = _case(anywhere, number)
    assert (fresh.state, fresh.served_on, fresh.due_on, fresh.outcome) == ("待交办", None, None, None)
    assert (fresh.unit, fresh.town, fresh.category, fresh.category_id) == (
        SCHOOL,
        "示例一镇中心学校",
        "消防安全",
        "fire",
    )
    go_to(anywhere, date(2024, 9, 3))
    _assign(anywhere, number)
    go_to(anywhere, date(2024, 9, 10))
    _submit(anywhere, number)
    go_to(anywhere, date(2024, 9, 20))
    waiting = _case(anywhere, number)
    assert (waiting.state, waiting.applied_on) == ("待复查", date(2024, 9, 10))
    assert (waiting.verify_due_on, waiting.verify_late, waiting.first_pass) == (date(2024, 9, 18), True, None)
    anywhere.do(number, "复查不合格", by=VERIFIER, reason="未清完", due_on=date(2024, 9, 27))
    failed = _case(anywhere, number)
    assert (failed.applied_on, failed.fails, failed.first_pass, failed.due_on) == (None, 1, False, date(2024, 9, 27))
    go_to(anywhere, date(2024, 9, 24))
    _submit(anywhere, number)
    go_to(anywhere, date(2024, 9, 25))
    anywhere.do(number, "复查合格", by=VERIFIER)
    anywhere.do(number, "销号", by="安全股干事")
    done = _case(anywhere, number)
    assert (done.served_on, done.original_due_on) == (date(2024, 9, 3), date(2024, 9, 13))
    assert (done.applied_on, done.passed_on, done.closed_on) == (date(2024, 9, 24),) + (date(2024, 9, 25),) * 2
    assert (done.outcome, done.state, done.funds, done.on_behalf) == ("rectified", "已销号", Decimal("0.6"), 1)
    assert (done.verify_due_on, done.verify_late, done.reopened, done.listed) == (None, False, False, None)


def test_as_of_then_whatever_came_later(flow: Rectiflow, go_to: GoTo) -> None:
    """The rows as of an earlier cut-off stay what was reported then: reopened, amended, voided, extended since."""
    closed, amended, voided, extended = (_report(flow, description=f"第{n}处") for n in range(4))
    for number in (closed, extended):
        _assign(flow, number, 40)
    go_to(flow, date(2024, 9, 20))
    _submit(flow, closed)
    flow.do(closed, "复查合格", by=VERIFIER, second_inspector="安全股干事", via="in-person")
    flow.do(closed, "销号", by="安全股干事")
    cutoff = flow.now()
    then = cases(flow, until=SEPTEMBER, cutoff=cutoff)
    assert len(then) == 4
    go_to(flow, date(2024, 9, 25))
    flow.do(closed, "重新整改", by=KEEPER, reason="又堆满", due_on=date(2024, 10, 20))
    flow.amend(amended, by=KEEPER, reason="类别写错", category="食品安全", description="留样不足")
    flow.void(voided, by=KEEPER, reason="录错")
    flow.ask(extended, "延期", by=HEAD, reason="缺料", new_due_on=date(2024, 11, 20), interim="警戒")
    flow.rule(extended, 1, by=KEEPER, approve=True)
    assert cases(flow, until=SEPTEMBER, cutoff=cutoff) == then
    now = {c.number: c for c in cases(flow, until=SEPTEMBER, cutoff=flow.now())}
    assert (now[closed].reopened, now[closed].outcome, now[closed].passed_on) == (True, None, None)
    assert (now[amended].category, now[amended].description) == ("食品安全", "留样不足")
    assert (now[voided].outcome, now[voided].state) == ("void", "已作废")
    dates = (now[extended].extended, now[extended].original_due_on, now[extended].due_on)
    assert dates == (1, date(2024, 10, 12), date(2024, 11, 20))


def test_entered_later_for_an_earlier_day(flow: Rectiflow, go_to: GoTo) -> None:
    """What happened in September and was entered in October is September's, once it is entered (补录)."""
    number = _report(flow)
    go_to(flow, date(2024, 10, 8))
    before = flow.now()
    go_to(flow, date(2024, 10, 8), 10)
    flow.do(
        number, "交办", by=KEEPER, responsible_person=HEAD, due_on=date(2024, 10, 20), on=date(2024, 9, 27),
        note="纸质交办，节后补录",
    )  # fmt: skip
    (known,) = cases(flow, until=SEPTEMBER, cutoff=before)
    assert (known.served_on, known.late_entries) == (None, 0)
    late = _case(flow, number)
    assert (late.served_on, late.late_entries) == (date(2024, 9, 27), 1)


def test_put_right_without_an_assignment(flow: Rectiflow, go_to: GoTo) -> None:
    """On the spot there is no application; by the unit itself the application is the day it reported both."""
    spot = _report(flow)
    flow.do(spot, "当场整改", by=VERIFIER, responsible_unit=SCHOOL, measures="当场清理", evidence=[PHOTO])
    own = _report(flow, by=HEAD, source="self")
    flow.do(own, "自查自改", by=HEAD, measures="已清理", completed_on=flow.today(), evidence=[PHOTO])
    go_to(flow, date(2024, 9, 4))
    flow.do(own, "复查合格", by=flow.directory().holders("verifier", "town1", flow.today())[0])
    first, second = _case(flow, spot), _case(flow, own)
    assert (first.on_the_spot, first.applied_on, first.passed_on) == (True, None, date(2024, 9, 2))
    assert (second.self_found, second.applied_on, second.passed_on) == (True, date(2024, 9, 2), date(2024, 9, 4))


def test_taken_back_it_is_not_served(flow: Rectiflow) -> None:
    """A recalled hazard waits for assignment again; its notice does not count as served."""
    number = _report(flow)
    _assign(flow, number)
    flow.do(number, "撤回交办", by=KEEPER, reason="单位写错")
    assert _case(flow, number).served_on is None


def test_restricted_and_direct(flow: Rectiflow) -> None:
    """A restricted hazard is counted and not described; a school of the bureau has no town."""
    number = _report(flow, category="矛盾纠纷", unit="梁子湖高中", description="家长争执")
    case = _case(flow, number)
    assert (case.restricted, case.description, case.town, case.category) == (True, "", "局直属", "矛盾纠纷")


def test_reclassified(flow: Rectiflow) -> None:
    """A hazard found to be major is counted as major from then on, under the same number."""
    number = _report(flow)
    flow.do(number, "改判", by=KEEPER, into="major_hazard", reason="承重墙开裂")
    case = _case(flow, number)
    assert (case.workflow, case.severity, case.state) == ("major_hazard", "major", "待先行管控")


def test_not_yet_reported(flow: Rectiflow, go_to: GoTo) -> None:
    """A hazard of October is no case of September."""
    go_to(flow, date(2024, 10, 8))
    number = _report(flow)
    assert cases(flow, until=SEPTEMBER, cutoff=flow.now()) == []
    assert _case(flow, number, OCTOBER).entered_on == date(2024, 10, 8)
