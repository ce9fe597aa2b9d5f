"""The ledger goes out: who did what and when, nothing restricted for whom it is not meant, and back without a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from rectiflow import Rectiflow, TicketFilter
from rectiflow._clock import SetClock
from rectiflow._ledger import export_ledger, import_ledger
from rectiflow._ledger.columns import MASKED
from rectiflow.engine.moments import at_hour
from rectiflow.engine.stimulus import Attachment
from rectiflow.intake import read_ledger
from support.ledgers import hazard_row, write_small_ledger

KEEPER = "安全股股长"
SCHOOL = "示例一镇第一小学"
PHOTO = Attachment(sha256="0" * 64, name="整改后.jpg", size=3)


def _rows(path: Path) -> dict[str, Mapping[str, Any]]:
    return {row.number or "": row.values for row in read_ledger(path).rows}


def _report(flow: Rectiflow, description: str, **data: Any) -> str:
    given: dict[str, Any] = {"category": "消防安全", "source": "bureau", "unit": SCHOOL}
    return flow.report("hazard", by=KEEPER, found_on=flow.today(), description=description, **given | data).number


def _submitted(flow: Rectiflow, description: str) -> str:
    """Report a hazard and bring it to its re-inspection."""
    number = _report(flow, description, inspectors="安全股股长、安全股干事")
    flow.do(number, "交办", by=KEEPER, responsible_person=f"{SCHOOL}校长", due_on=flow.today() + timedelta(days=20))
    flow.do(number, "签收", by=f"{SCHOOL}校长")
    flow.do(number, "申请复查", by=f"{SCHOOL}校长", measures="已清理", completed_on=flow.today(), evidence=[PHOTO])
    return number


@pytest.fixture
def lived(flow: Rectiflow, clock: SetClock) -> dict[str, str]:
    """Hazards of every fate that began in the system itself, by name."""
    numbers = {name: _submitted(flow, name) for name in ("合格", "不合格", "销号", "重开", "再报")}
    numbers |= {name: _report(flow, name) for name in ("待交办", "作废", "当场", "不属实")}
    clock.set(at_hour(date(2024, 9, 4), 9))
    for name in ("合格", "销号", "重开"):
        flow.do(numbers[name], "复查合格", by="安全股副股长", second_inspector="安全股干事")
    for name in ("不合格", "再报"):
        flow.do(numbers[name], "复查不合格", by="安全股副股长", reason="未清完", due_on=date(2024, 9, 30))
    flow.do(
        numbers["当场"], "当场整改", by="安全股干事", responsible_unit=SCHOOL, measures="当场清理", evidence=[PHOTO]
    )
    flow.do(numbers["不属实"], "不予认定", by=KEEPER, reason="重复上报")
    flow.void(numbers["作废"], by=KEEPER, reason="录错")
    clock.set(at_hour(date(2024, 9, 6), 9))
    flow.do(
        numbers["再报"], "申请复查", by=f"{SCHOOL}校长", measures="已清完", completed_on=flow.today(), evidence=[PHOTO]
    )
    for name in ("销号", "重开"):
        flow.do(numbers[name], "销号", by="安全股干事")
    flow.do(numbers["重开"], "重新整改", by=KEEPER, reason="又堆满", due_on=date(2024, 9, 30))
    return numbers


def test_what_a_ledger_says(flow: Rectiflow, lived: dict[str, str], tmp_path: Path) -> None:
    """Who re-inspected and struck off, when, and with what outcome, comes from the history."""
    path = tmp_path / "台账.xlsx"
    assert export_ledger(flow, path, by=KEEPER) == len(lived) - 1  # what was entered by mistake is left out
    rows = _rows(path)
    assert lived["作废"] not in rows
    passed = {"verifier": "安全股副股长、安全股干事", "verified_on": date(2024, 9, 4), "verdict": "pass"}
    closed = rows[lived["销号"]]
    assert closed == {**closed, **passed} | {"closed_on": date(2024, 9, 6), "closer": "安全股干事", "rev": 6}
    assert closed == {**closed} | {"completed_on": date(2024, 9, 2), "measures": "已清理", "phone": "13800000030"}
    failed = rows[lived["不合格"]]
    assert (failed["verdict"], failed["verified_on"], failed["due_on"]) == ("fail", date(2024, 9, 4), date(2024, 9, 30))
    again, reopened = rows[lived["再报"]], rows[lived["重开"]]
    assert (again["verdict"], again["completed_on"]) == (None, date(2024, 9, 6))
    assert (reopened["verdict"], reopened["completed_on"], reopened["closed_on"], reopened["closer"]) == (None,) * 4
    assert (rows[lived["当场"]]["verdict"], rows[lived["不属实"]]["closed_on"]) == ("pass", None)


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_round_trip_of_what_began_here(ending: str, flow: Rectiflow, lived: dict[str, str], tmp_path: Path) -> None:
    """What was exported reads back without a change, a problem or a warning."""
    path = tmp_path / f"台账{ending}"
    count = export_ledger(flow, path, by=KEEPER)
    done = import_ledger(flow, path, by=KEEPER, update=True)
    assert (done.unchanged, done.created, done.changed, done.problems, done.warnings) == (count, 0, (), (), ())


def test_round_trip_of_an_old_ledger(anywhere: Rectiflow, opening: Path, tmp_path: Path) -> None:
    """What was taken over goes out and comes back the same, on either database, whoever exports it."""
    import_ledger(anywhere, opening, by=KEEPER)
    for by in (KEEPER, f"{SCHOOL}校长", None):
        path = tmp_path / "导出.xlsx"
        assert export_ledger(anywhere, path, by=by) == 74
        done = import_ledger(anywhere, path, by=KEEPER)
        assert (done.unchanged, done.changed, done.problems, done.warnings) == (74, (), (), ())


def test_restricted_hazards_are_not_described(flow: Rectiflow, tmp_path: Path) -> None:
    """A restricted hazard keeps its row; what it is about is for those who may see it, and cannot come in as new."""
    number = _report(flow, "两户家长因赔偿争执", category="矛盾纠纷", place="校门口", remarks="已约谈")
    path = tmp_path / "台账.xlsx"
    for by in (None, "后勤办主任"):
        export_ledger(flow, path, by=by)
        row = _rows(path)[number]
        assert (row["description"], row["place"], row["remarks"], row["category"]) == (MASKED, None, None, "矛盾纠纷")
    export_ledger(flow, path, by=f"{SCHOOL}校长")
    assert _rows(path)[number]["description"] == "两户家长因赔偿争执"
    done = import_ledger(flow, write_small_ledger(path, [hazard_row(隐患描述=MASKED)]), by=KEEPER)
    assert [p.message for p in done.problems] == ["这是导出时隐去的受限类描述，不能据此新建隐患"]


def test_telephone_numbers_are_masked(flow: Rectiflow, lived: dict[str, str], tmp_path: Path) -> None:
    """Only who keeps the ledger gets telephone numbers whole."""
    path = tmp_path / "台账.xlsx"
    export_ledger(flow, path, by=f"{SCHOOL}校长")
    assert _rows(path)[lived["合格"]]["phone"] == "138****0030"


def test_a_filtered_ledger(flow: Rectiflow, lived: dict[str, str], tmp_path: Path) -> None:
    """A filter chooses the rows and is written above them."""
    path = tmp_path / "台账.csv"
    assert export_ledger(flow, path, wanted=TicketFilter(states=frozenset({"reported"}))) == 1
    path = tmp_path / "台账.xlsx"
    wanted = TicketFilter(units=frozenset({"town1_school2"}), categories=frozenset({"fire"}), open=True)
    assert export_ledger(flow, path, wanted=wanted, title="在办台账") == 6
    from openpyxl import load_workbook

    sheet: Any = load_workbook(path).active
    assert sheet["A1"].value == "在办台账"
    assert "筛选：单位：示例一镇第一小学；类别：消防安全；未办结　共6条" in sheet["A2"].value


def test_a_stale_row_is_not_applied(flow: Rectiflow, lived: dict[str, str], tmp_path: Path) -> None:
    """Filled in while somebody else acted: the row is shown and asked for again, not applied."""
    number = lived["待交办"]
    flow.amend(number, by=KEEPER, reason="补充", place="东楼梯间")
    row = hazard_row(隐患编号=number, 隐患描述="待交办", 排查日期=date(2024, 9, 2), 隐患部位="西楼梯间", 版本=1)
    done = import_ledger(flow, write_small_ledger(tmp_path / "台账.xlsx", [row]), by=KEEPER, update=True)
    assert done.updated == 0
    assert [(c.title, c.applied) for c in done.changed] == [("隐患部位", False)]
    assert done.problems[0].message == "没有更正（原为“东楼梯间”）：导出之后这条隐患又有新的办理，请重新导出再改"
    assert flow.ticket(number).fields["place"] == "东楼梯间"
