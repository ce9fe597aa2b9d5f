"""A ledger comes in: at the stage its columns prove, each once, good rows although others are bad."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rectiflow import Rectiflow, Refused
from rectiflow._clock import SetClock
from rectiflow._ledger import LedgerImport, import_ledger
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Refusal
from rectiflow.engine.moments import at_hour
from rectiflow.engine.stimulus import Import
from rectiflow.intake import WorkbookUnreadable
from rectiflow.storage import queries
from rectiflow.storage.queries import TicketFilter
from support.ledgers import hazard_row, write_big_ledger

WriteLedger = Callable[..., Path]
KEEPER = "安全股股长"
SCHOOL = "示例一镇第一小学"
DONE = {"整改责任单位": SCHOOL, "整改责任人": f"{SCHOOL}校长", "整改时限": "2024-08-30", "完成时间": "2024-08-27"}
CHECKED = DONE | {"复查人": "安全股副股长", "复查时间": "2024-08-29", "复查结论": "合格"}


def _import(flow: Rectiflow, path: Path, *, dry_run: bool = False) -> LedgerImport:
    return import_ledger(flow, path, by=KEEPER, dry_run=dry_run)


def _count(flow: Rectiflow) -> int:
    return queries.count_tickets(flow.store.engine, flow.district, TicketFilter())


def test_the_opening_ledger(anywhere: Rectiflow, opening: Path) -> None:
    """Every row of the sample goes in, on either database, and the same file again creates nothing."""
    steps: list[tuple[int, int]] = []
    done = import_ledger(anywhere, opening, by=KEEPER, on_progress=lambda at, total: steps.append((at, total)))
    assert (done.created, done.problems, done.changed) == (74, (), ())
    assert steps[-1] == (74, 74)
    assert sorted(done.numbers.values()) == [t.number for t in anywhere.tickets()]
    stages = Counter(anywhere.workflow_of(t).states[t.state].stage for t in anywhere.tickets())
    assert stages == {"reported": 9, "rectifying": 39, "verified": 5, "closed": 21}
    again = _import(anywhere, opening)
    assert (again.created, again.unchanged, again.changed, again.problems) == (0, 74, (), ())
    assert again.numbers == done.numbers
    assert all(not broken for _, _, broken in anywhere.audit())


def test_what_is_taken_over_is_stated(flow: Rectiflow, write: WriteLedger) -> None:
    """Dates stay as stated, the time of recording is true, the event keeps what the row said, nobody is told of it."""
    done = _import(flow, write(hazard_row(**CHECKED, 销号时间="2024-08-30", 销号人="安全股干事", 整改资金="2.5")))
    (number,) = done.numbers.values()
    ticket, (event,) = flow.ticket(number), flow.history(number)
    assert ticket.marks["stock"] is True
    stated = {
        "served_on": "2024-08-20",
        "applied_on": "2024-08-27",
        "passed_on": "2024-08-29",
        "closed_on": "2024-08-30",
    }
    assert {name: ticket.marks[name] for name in stated} == stated
    assert (ticket.marks["outcome"], ticket.marks["funds"], ticket.marks["due_on"]) == (
        "rectified",
        "2.5",
        "2024-08-30",
    )
    assert (event.kind, event.happened_on, event.recorded_at) == ("imported", date(2024, 8, 30), flow.now())
    assert event.private is not None
    assert event.private["stated"] == {
        "completed_on": "2024-08-27", "severity": "general", "verified_on": "2024-08-29", "verdict": "pass",
        "verifier": "安全股副股长", "closed_on": "2024-08-30", "closer": "安全股干事",
    }  # fmt: skip
    messages = queries.messages(flow.store.engine, flow.district)
    assert {m["template"] for m in messages} == {"import_summary"}


def test_one_summary_goes_to_the_section(flow: Rectiflow, opening: Path) -> None:
    """Each person of the Safety Section gets one message with figures, and no hazard in it."""
    _import(flow, opening)
    messages = queries.messages(flow.store.engine, flow.district)
    section = flow.directory().holders("safety_section", None, flow.today())
    assert sorted(m["recipient"] for m in messages) == sorted(section)
    params = messages[0]["params"]
    assert params["count"] == 74
    assert "已过整改时限13条、未定整改时限9条、没有整改责任人7条、重大隐患2条" in params["lines"]
    _import(flow, opening)
    assert len(queries.messages(flow.store.engine, flow.district)) == len(section)


def test_no_step_of_the_past_fires(flow: Rectiflow, opening: Path) -> None:
    """Whatever the ladder would have done before the opening day is behind; what comes next lies ahead."""
    done = _import(flow, opening)
    timers = [t for n in done.numbers.values() for t in queries.timers_of(flow.store.engine, flow.district, n)]
    armed = [t for t in timers if t["status"] == "armed"]
    assert armed
    assert all(t["due_at"] >= flow.now() for t in armed)
    assert all(e.public["crossed"] for n in done.numbers.values() for e in flow.history(n) if "crossed" in e.public)
    overdue = next(t for t in flow.tickets(overdue=True))
    assert any(step == "rectify" for step, *_ in flow.history(overdue.number)[0].public["crossed"])


@pytest.mark.parametrize(
    ("cells", "state", "marks"),
    [
        ({}, "reported", {"served_on": None}),
        ({"整改责任单位": SCHOOL, "整改时限": "立行立改"}, "rectifying", {"due_on": "2024-08-20", "served_on": "2024-08-20"}),
        (DONE, "pending_verification", {"applied_on": "2024-08-27", "passed_on": None}),
        (CHECKED | {"复查结论": "不合格"}, "rectifying", {"failures": 1, "failed_on": "2024-08-29", "applied_on": None}),
        (CHECKED, "verified", {"passed_on": "2024-08-29", "first_pass": True}),
        (CHECKED | {"销号时间": "2024-08-30"}, "closed", {"closed_on": "2024-08-30", "listed_ever": None}),
    ],
)  # fmt: skip
def test_stages(
    cells: dict[str, object], state: str, marks: dict[str, object], flow: Rectiflow, write: WriteLedger
) -> None:
    """The columns prove the stage, and the milestones say what they state."""
    (number,) = _import(flow, write(hazard_row(**cells))).numbers.values()
    ticket = flow.ticket(number)
    assert ticket.state == state
    assert {name: ticket.marks.get(name) for name in marks} == marks
    assert ticket.fields["responsible_unit"] == ticket.fields["hazard_unit"] == "town1_school2"


def test_life_goes_on(flow: Rectiflow, clock: SetClock, write: WriteLedger) -> None:
    """What was taken over is passed, struck off and taken up again like any other hazard."""
    (number,) = _import(flow, write(hazard_row(**DONE))).numbers.values()
    clock.set(at_hour(date(2024, 9, 3), 9))
    flow.do(number, "复查合格", by="安全股副股长")
    ticket = flow.do(number, "销号", by="安全股干事")
    assert (ticket.state, ticket.marks["applied_on"], ticket.marks["passed_on"]) == (
        "closed",
        "2024-08-27",
        "2024-09-03",
    )
    ticket = flow.do(number, "重新整改", by=KEEPER, reason="又堆满了", due_on=date(2024, 9, 20))
    assert (ticket.state, ticket.marks["applied_on"], ticket.marks["due_on"]) == ("rectifying", None, "2024-09-20")


def test_major_and_listed(flow: Rectiflow, write: WriteLedger) -> None:
    """重大 goes into the workflow of major hazards; listed supervision goes on, and is over for what is struck off."""
    listed = {"隐患等级": "重大", "督办级别": "区级", "整改责任单位": SCHOOL, "整改时限": "2024-12-31"}
    closed = CHECKED | {"隐患描述": "围墙倾斜", "督办级别": "镇级", "销号时间": "2024-08-30"}
    numbers = _import(flow, write(hazard_row(**listed), hazard_row(**closed))).numbers
    major, other = flow.ticket(numbers[3]), flow.ticket(numbers[4])
    assert (major.workflow, major.severity, major.listed) == ("major_hazard", "major", "district")
    assert (other.listed, other.marks.get("listed"), other.marks["listed_ever"]) == (None, None, "town")


def test_bad_rows_are_named_and_good_rows_go_in(flow: Rectiflow, write: WriteLedger) -> None:
    """Every rejected row is named by its row, its column and the reason; the others are in."""
    path = write(
        hazard_row(),
        hazard_row(**{"学校（单位）": "示例一镇第七小学"}),
        hazard_row(隐患描述="食堂留样不足", 隐患类别="太空安全"),
        hazard_row(隐患描述="一楼疏散通道，堆放课桌。"),
        hazard_row(隐患描述="配电箱无门", 排查日期="昨天下午"),
        hazard_row(隐患描述="灭火器过期", 隐患编号="LZH-2024-000777"),
        hazard_row(隐患描述="围栏破损", 排查日期=date(2024, 9, 3)),
        hazard_row(隐患描述="很长" * 2001),
    )
    done = _import(flow, path)
    assert (done.created, _count(flow)) == (1, 1)
    told = {p.row: (p.title, p.message) for p in done.problems}
    assert [p.row for p in done.problems] == [4, 5, 6, 7, 8, 9, 10]
    assert told[4][0] == "学校（单位）"
    assert "示例一镇第一小学" in told[4][1]
    assert told[5][0] == "隐患类别"
    assert "消防安全、危化品安全" in told[5][1]
    assert told[6] == ("隐患描述", "与第 3 行是同一条隐患，请删去重复的一行")
    assert told[7][0] == "排查日期"
    assert told[8] == ("隐患编号", "系统里没有编号 LZH-2024-000777，请核对；是新隐患的，编号留空")
    assert told[9][0] == "排查日期"
    assert told[10] == ("隐患描述", "隐患描述：太长（4002 字），最多 4000 字")
    assert str(done.problems[0]).startswith("第 4 行 D 列（学校（单位））“示例一镇第七小学”")


def test_what_has_to_be_assumed_is_said(flow: Rectiflow, write: WriteLedger) -> None:
    """A row is not refused for what can be put right later: it goes in, with a warning for each thing assumed."""
    two = f"{SCHOOL}校长、{SCHOOL}安全副校长"
    path = write(
        hazard_row(
            检查方式="现场看看",
            隐患类别="",
            排查单位="某某检查组",
            整改责任单位="一镇一小",
            整改责任人="某老师",
            整改时限="2024-09-30",
        ),
        hazard_row(隐患描述="外墙空鼓", 检查方式="学校自查", 排查单位="", 整改责任单位=SCHOOL, 整改责任人=two),
    )
    done = _import(flow, path)
    assert (done.created, done.problems) == (2, ())
    assert [str(w) for w in done.warnings] == [
        f"第 3 行：“{SCHOOL}”的人员里没有“某老师”，整改责任人留空，请补人员后更正",
        "第 3 行：没有写类别，按“其他”记",
        "第 3 行：没有排查单位“某某检查组”，按“安全股”记",
        "第 3 行：看不出检查方式“现场看看”是哪种来源，按“局检查”记",
        f"第 4 行：整改责任人写了几位，按第一位“{SCHOOL}校长”记",
        "第 4 行：没有整改时限，按待交办录入，请定出时限后交办",
    ]
    first, second = (flow.ticket(n).fields for n in done.numbers.values())
    assert (first["category"], first["source"], first["inspecting_unit"]) == ("other", "bureau", "safety")
    assert "responsible_person" not in first
    assert (second["source"], second["inspecting_unit"]) == ("self", "town1_school2")


def test_dry_run_writes_nothing(flow: Rectiflow, opening: Path) -> None:
    """A dry run tells what would happen; not a row, not a message, not a number is used up."""
    told = _import(flow, opening, dry_run=True)
    assert (told.created, told.numbers, _count(flow)) == (74, {}, 0)
    assert queries.messages(flow.store.engine, flow.district) == []
    done = _import(flow, opening)
    assert (done.created, done.warnings) == (told.created, told.warnings)
    assert min(done.numbers.values()) == "LZH-2024-000001"


def test_only_who_keeps_the_ledger_takes_one_over(flow: Rectiflow, opening: Path) -> None:
    """A head of a school cannot state that the school's hazards are closed."""
    with pytest.raises(Refused, match="不能“导入台账”"):
        import_ledger(flow, opening, by=f"{SCHOOL}校长")
    assert _count(flow) == 0


def test_the_stimulus_itself_is_refused(flow: Rectiflow) -> None:
    """Whoever hands it in: a statement by somebody else, or about the future, is refused with every reason."""
    workflow = flow.library.newest("hazard")
    data = {"source": "bureau", "found_on": "2024-08-20", "category": "fire", "description": "通道堵塞"}
    stimulus = Import(
        hand=flow.hand(f"{SCHOOL}校长"), data=data, proof="closed", key="k", closed_on=date(2024, 9, 3)
    )  # fmt: skip
    refusal = decide(workflow, flow.blank(workflow), stimulus, flow.now())
    assert isinstance(refusal, Refusal)
    assert [r.code for r in refusal.reasons] == ["role_missing", "future"]


def test_text_in_gb18030(flow: Rectiflow, tmp_path: Path) -> None:
    """A .csv as Excel writes it in China comes in like a workbook."""
    path = tmp_path / "台账.csv"
    row = {title: str(value) for title, value in hazard_row(**CHECKED).items()}
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([list(row), list(row.values())])
    assert _import(flow, path).created == 1


def test_unusable_file(flow: Rectiflow, tmp_path: Path) -> None:
    """A file that is no workbook is refused as a whole."""
    path = tmp_path / "台账.xlsx"
    path.write_bytes(b"\x89PNG nothing")
    with pytest.raises(WorkbookUnreadable, match=r"台账\.xlsx"):
        _import(flow, path)


def test_a_big_ledger_in_batches(flow: Rectiflow, tmp_path: Path) -> None:
    """Hundreds of rows written in every way go in batch by batch, with progress up to the last one."""
    path, steps = tmp_path / "大台账.xlsx", list[tuple[int, int]]()
    write_big_ledger(path, 450)
    done = import_ledger(flow, path, by=KEEPER, on_progress=lambda at, total: steps.append((at, total)))
    assert (done.created, done.problems) == (450, ())
    assert [at for at, _ in steps] == [0, 200, 400, 450]
    assert any(skipped.text == "合计" for skipped in done.skipped)
    assert _import(flow, path).unchanged == 450


def test_two_at_the_same_time(anywhere: Rectiflow, tmp_path: Path) -> None:
    """Two people who take over the same ledger at the same time create every hazard once, on either database."""
    path, inner = tmp_path / "大台账.xlsx", list[LedgerImport]()
    write_big_ledger(path, 30)

    def meanwhile(done: int, _total: int) -> None:
        if done == 0 and not inner:
            inner.append(_import(anywhere, path))

    outer = import_ledger(anywhere, path, by=KEEPER, on_progress=meanwhile)
    assert (inner[0].created, outer.created, outer.unchanged, outer.problems) == (30, 0, 30, ())
    assert outer.numbers == inner[0].numbers
    assert _count(anywhere) == 30
