"""A row that changed: shown as a difference, corrected on demand, never by the back door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rectiflow import Rectiflow
from rectiflow._clock import SetClock
from rectiflow._ledger import LedgerImport, import_ledger
from rectiflow.engine.moments import at_hour
from support.ledgers import hazard_row

WriteLedger = Callable[..., Path]
KEEPER = "安全股股长"
SCHOOL = "示例一镇第一小学"
RECTIFYING = {"整改责任单位": SCHOOL, "整改责任人": f"{SCHOOL}校长", "整改时限": "2024-09-20"}


def _import(flow: Rectiflow, path: Path, *, update: bool = False, dry_run: bool = False) -> LedgerImport:
    return import_ledger(flow, path, by=KEEPER, update=update, dry_run=dry_run)


@pytest.fixture
def number(flow: Rectiflow, write: WriteLedger) -> str:
    """A hazard taken over from a ledger, being rectified."""
    (number,) = _import(flow, write(hazard_row(**RECTIFYING, 整改措施="清运"))).numbers.values()
    return number


def test_a_difference_is_only_shown(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """Without --update a changed cell is shown with its place, what was and what is; nothing changes."""
    done = _import(flow, write(hazard_row(**RECTIFYING, 整改措施="清运并设标识", 备注="")))
    assert (done.created, done.unchanged, done.updated) == (0, 0, 0)
    (change,) = done.changed
    assert (change.row, change.column, change.number, change.title) == (3, "K", number, "整改措施")
    assert (change.was, change.now, change.applied) == ("清运", "清运并设标识", False)
    assert str(change) == f"第 3 行 K 列（整改措施）{number}：原为“清运”，现为“清运并设标识”"
    assert flow.ticket(number).rev == 1


def test_an_update_is_a_correction_with_its_event(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """With --update the field is amended; the event says from which file and row, the old value stays."""
    path = write(hazard_row(**RECTIFYING, 整改措施="清运并设标识", 整改资金="0.8"), name="九月台账.xlsx")
    done = _import(flow, path, update=True)
    assert (done.updated, [c.applied for c in done.changed], done.problems) == (1, [True, True], ())
    event = flow.history(number)[-1]
    assert event.private is not None
    assert (event.kind, event.private["reason"]) == ("amended", "台账更新：九月台账.xlsx 第 3 行")
    assert event.private["before"] == {"measures": "清运", "funds": None}
    assert flow.ticket(number).marks["funds"] == "0.8"
    again = _import(flow, path, update=True)
    assert (again.unchanged, again.updated, again.changed) == (1, 0, ())


def test_what_only_an_action_may_change_is_reported(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """A new deadline, another person or a completion is not taken from a ledger; what may be corrected is."""
    changed = RECTIFYING | {"整改时限": "2024-12-31", "完成时间": "2024-08-30", "隐患部位": "教学楼"}
    done = _import(flow, write(hazard_row(**changed, 整改措施="清运")), update=True)
    assert done.updated == 1
    assert {c.title: c.applied for c in done.changed} == {"整改时限": False, "完成时间": False, "隐患部位": True}
    told = {p.title: p.message for p in done.problems}
    assert told["整改时限"].startswith("没有更正（原为“2024-09-20”）：“整改时限”不能更正")
    assert told["完成时间"] == "没有更正（原为“—”）：整改完成请用“申请复查”办理"
    ticket = flow.ticket(number)
    assert (ticket.marks["due_on"], ticket.state, ticket.fields["place"]) == ("2024-09-20", "rectifying", "教学楼")


def test_a_dry_update_changes_nothing(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """A dry run with --update shows the differences only."""
    done = _import(flow, write(hazard_row(**RECTIFYING, 整改措施="拆除")), update=True, dry_run=True)
    assert (done.updated, len(done.changed), flow.ticket(number).rev) == (0, 1, 1)


def test_what_waits_for_assignment_may_get_its_date(flow: Rectiflow, write: WriteLedger) -> None:
    """While it waits for assignment, unit and deadline are still the ledger's to say."""
    (number,) = _import(flow, write(hazard_row())).numbers.values()
    later = {"整改责任单位": "示例一镇第二小学", "整改时限": "2024-10-15"}
    done = _import(flow, write(hazard_row(**later)), update=True)
    assert (done.updated, done.problems) == (1, ())
    ticket = flow.ticket(number)
    assert (ticket.fields["responsible_unit"], ticket.fields["due_on"]) == ("town1_school3", "2024-10-15")
    done = _import(flow, write(hazard_row(**later | {"整改时限": "2024-10-31"})), update=True)
    assert (done.updated, flow.ticket(number).fields["due_on"]) == (1, "2024-10-31")


def test_the_old_file_again_after_the_work_went_on(
    flow: Rectiflow, clock: SetClock, number: str, write: WriteLedger
) -> None:
    """What moved on in the system is no change of the ledger: the same old file stays without differences."""
    path = write(hazard_row(**RECTIFYING, 整改措施="清运"))
    clock.set(at_hour(date(2024, 9, 5), 9))
    flow.amend(number, by=KEEPER, reason="写错", measures="清运并设标识")
    flow.ask(number, "延期", by=f"{SCHOOL}校长", reason="缺料", new_due_on=date(2024, 10, 20), interim="警戒")
    flow.rule(number, 1, by=KEEPER, approve=True)
    done = _import(flow, path)
    assert (done.unchanged, done.changed) == (1, ())


def test_a_description_is_corrected_by_number(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """With its number on the row, even what tells hazards apart may be corrected."""
    done = _import(flow, write(hazard_row(隐患编号=number, 隐患描述="通道堆放课桌和纸箱")), update=True)
    assert (done.created, done.updated) == (0, 1)
    assert flow.ticket(number).fields["description"] == "通道堆放课桌和纸箱"


def test_the_same_row_by_number_and_by_content(flow: Rectiflow, number: str, write: WriteLedger) -> None:
    """A hazard named by its number and again by what it is stands twice in the file."""
    done = _import(flow, write(hazard_row(隐患编号=number), hazard_row()))
    assert [(p.row, p.message) for p in done.problems] == [(4, "与第 3 行是同一条隐患，请删去重复的一行")]
