"""A filled-in ledger comes back: each changed row is one action, a row that cannot be is named, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from rectiflow import Rectiflow
from rectiflow._clock import SetClock
from rectiflow._ledger import LedgerApply, apply_ledger, export_ledger, import_ledger
from rectiflow._ledger.columns import MASKED
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.moments import at_hour
from rectiflow.engine.stimulus import Attachment
from support.ledgers import hazard_row, write_small_ledger
from support.sheets import fill_in, letter_of, row_of

KEEPER, DEPUTY = "安全股股长", "安全股副股长"
SCHOOL = "示例一镇第一小学"
PRINCIPAL = f"{SCHOOL}校长"
PHOTO = Attachment(sha256="0" * 64, name="整改后.jpg", size=3)
Cells = Mapping[str, Mapping[str, object]]


def _report(flow: Rectiflow, description: str, **data: Any) -> str:
    given: dict[str, Any] = {"category": "消防安全", "source": "bureau", "unit": SCHOOL}
    return flow.report("hazard", by=KEEPER, found_on=flow.today(), description=description, **given | data).number


def _assigned(flow: Rectiflow, description: str) -> str:
    number = _report(flow, description)
    flow.do(number, "交办", by=KEEPER, responsible_person=PRINCIPAL, due_on=date(2024, 9, 20))
    return number


def _rectifying(flow: Rectiflow, description: str) -> str:
    number = _assigned(flow, description)
    flow.do(number, "签收", by=PRINCIPAL)
    return number


def _exported(flow: Rectiflow, folder: Path, cells: Cells, *, by: str = KEEPER, name: str = "填办.xlsx") -> Path:
    path = folder / name
    export_ledger(flow, path, by=by)
    return fill_in(path, cells)


def _applied(flow: Rectiflow, folder: Path, cells: Cells, *, by: str = KEEPER, **how: Any) -> LedgerApply:
    return apply_ledger(flow, _exported(flow, folder, cells, by=by), by=by, **how)


def _said(done: LedgerApply) -> list[tuple[str, str]]:
    return [(p.title, p.message) for p in done.problems]


def _revs(flow: Rectiflow) -> dict[str, int]:
    return {t.number: t.rev for t in flow.tickets()}


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_three_actions_and_a_correction(ending: str, anywhere: Rectiflow, tmp_path: Path) -> None:
    """Assigned with unit, person and a date as people write it; handed in with a file; corrected; the rest passed over."""
    flow = anywhere
    new, out, wrong, idle = _report(flow, "甲"), _rectifying(flow, "乙"), _report(flow, "丙"), _report(flow, "丁")
    (tmp_path / "整改后.jpg").write_bytes(b"photo")
    cells: Cells = {
        new: {"操作": "交办", "整改责任人": PRINCIPAL, "整改时限": "9月20日"},
        out: {
            "操作": "申请复查",
            "整改措施": "已清走",
            "完成时间": "2024.9.2",
            "佐证文件": "整改后.jpg",
            "代谁办理": SCHOOL,
            "办理方式": "电话",
            "办理说明": "校长来电",
        },
        wrong: {"操作": "更正", "隐患部位": "东楼梯", "理由": "漏写部位"},
    }
    before = _revs(flow)
    done = apply_ledger(flow, _exported(flow, tmp_path, cells, name=f"填办{ending}"), by=KEEPER)
    assert (_said(done), done.untouched) == ([], 1)
    assert [(a.number, a.action) for a in done.applied] == [(new, "交办"), (out, "申请复查"), (wrong, "更正")]
    assert _revs(flow) == {**{n: rev + 1 for n, rev in before.items()}, idle: before[idle]}
    assigned, submitted = flow.ticket(new), flow.ticket(out)
    assert (assigned.state, assigned.marks["due_on"]) == ("assigned", "2024-09-20")
    assert (submitted.state, submitted.fields["measures"], submitted.marks["evidence"]) == (
        "pending_verification",
        "已清走",
        1,
    )
    event = flow.history(out)[-1]
    names = flow.directory().person_name
    assert (names(event.actor), names(event.entered_by), event.via) == (PRINCIPAL, KEEPER, "phone")
    assert (event.private or {})["note"] == "校长来电"
    assert flow.ticket(wrong).fields["place"] == "东楼梯"


def test_a_dry_run_tells_and_writes_nothing(flow: Rectiflow, tmp_path: Path) -> None:
    """What would happen and who would be told is there; the record is as it was."""
    number = _report(flow, "甲")
    cells = {number: {"操作": "交办", "整改责任人": PRINCIPAL, "整改时限": date(2024, 9, 20)}}
    before = _revs(flow)
    done = _applied(flow, tmp_path, cells, dry_run=True)
    (row,) = done.applied
    names = {flow.directory().person_name(m.recipient) for m in row.decision.messages}
    assert (row.ticket.state, names) == ("assigned", {PRINCIPAL})
    assert _revs(flow) == before


def test_changed_without_saying_what(flow: Rectiflow, tmp_path: Path) -> None:
    """A cell that was changed and no action: refused with row, column, both values and what to write."""
    number, other = _report(flow, "甲", place="西楼"), _report(flow, "乙")
    cells: Cells = {
        number: {"隐患部位": "东楼", "完成时间": date(2024, 9, 2), "当前环节": "已销号"},
        other: {"理由": "学校来电"},
    }
    path = _exported(flow, tmp_path, cells)
    done = apply_ledger(flow, path, by=KEEPER)
    assert (len(done.applied), done.refused) == (0, 2)
    first, second, third, fourth = done.problems
    place = (row_of(path, number), letter_of(path, "隐患部位"), "东楼")
    assert (first.row, first.column, first.value) == place
    assert first.message == (
        "原为“西楼”，没有写入：登记错的，在“操作”写“更正”、“理由”写原因；是要办的，在“操作”写要办的事（如 交办）"
    )
    assert (second.title, second.message) == ("完成时间", "原为“—”，没有写入：整改完成请用“申请复查”办理")
    assert (third.title, third.message) == ("当前环节", "原为“待交办”，没有写入：环节由操作改变，请在“操作”写要办的事")
    assert (fourth.row, fourth.title) == (row_of(path, other), "操作")
    assert fourth.message.startswith("填了“理由”而没有写操作")
    assert flow.ticket(number).fields["place"] == "西楼"


def test_all_that_is_wrong_at_once_and_good_rows_go_in(flow: Rectiflow, tmp_path: Path) -> None:
    """Each bad row names its cells; a good row between them is done."""
    bad, typo, good, far = (_report(flow, text) for text in "甲乙丙丁")
    cells: Cells = {
        bad: {"操作": "交办", "整改责任人": "没有这个人", "整改时限": date(2024, 8, 1), "发生日期": "9月31日"},
        typo: {"操作": "交辨", "办理方式": "电话"},
        good: {"操作": "交办", "整改责任人": PRINCIPAL, "整改时限": date(2024, 9, 20)},
        far: {"操作": "交办", "整改责任单位": "没有这所学校", "佐证文件": "../别处.jpg"},
    }
    done = _applied(flow, tmp_path, cells)
    assert [a.number for a in done.applied] == [good]
    said = _said(done)
    assert ("发生日期", "“9月31日”没有这一天") in said
    assert ("操作", "没有这一操作，是不是：交办？") in said
    assert ("佐证文件", "“../别处.jpg”不在本表所在的文件夹里，请把文件放到表的旁边") in said
    fixed = _applied(flow, tmp_path, {bad: {**cells[bad], "发生日期": None}, far: {**cells[far], "佐证文件": None}})
    titles = {(p.title, p.row) for p in fixed.problems}
    assert {title for title, _ in titles} == {"整改责任人", "整改时限", "整改责任单位"}


def test_more_words_than_columns(flow: Rectiflow, tmp_path: Path) -> None:
    """What is no column is written as 项目=内容; a misspelt one is named, one that has a column is sent there."""
    back, merged, wrong = _assigned(flow, "甲"), _report(flow, "乙"), _report(flow, "丙")
    cells: Cells = {
        back: {"操作": "退回", "理由": "不归本校", "其他项目": "建议承办单位=示例一镇中心学校", "代谁办理": PRINCIPAL}
        | {"办理方式": "微信"},
        merged: {"操作": "并入", "其他项目": f"并入编号={int(back[-6:])}"},
        wrong: {"操作": "改判", "理由": "重判", "其他项目": "改判为=重大；整改时限=9月20日；并人编号=3；乱写"},
    }
    done = _applied(flow, tmp_path, cells)
    assert [(a.number, a.ticket.state) for a in done.applied] == [(back, "reported"), (merged, "merged")]
    assert flow.ticket(merged).fields["merged_into"] == back
    assert {m for t, m in _said(done) if t == "其他项目"} == {
        "“整改时限”请直接写在“整改时限”一列",
        "没有“并人编号”这一项，是不是：并入编号、来文编号？",
        "“乱写”应写成 项目=内容，几项用；隔开",
    }


def test_facts_beside_an_action_must_be_what_it_brings_about(flow: Rectiflow, tmp_path: Path) -> None:
    """Who re-inspects on paper fills 复查人, 复查时间 and 复查结论 too: taken when they agree, refused when not."""
    numbers = [_rectifying(flow, text) for text in "甲乙"]
    for number in numbers:
        flow.do(number, "申请复查", by=PRINCIPAL, measures="清走", completed_on=flow.today(), evidence=[PHOTO])
    checked = {"操作": "复查合格", "复查人": f"{DEPUTY}、安全股干事", "复查时间": date(2024, 9, 2), "复查结论": "合格"}
    cells = {n: {**checked, "第二复查人": "安全股干事"} for n in numbers}
    cells[numbers[1]] |= {"复查结论": "不合格", "复查人": "安全股干事"}
    done = _applied(flow, tmp_path, cells, by=DEPUTY)
    assert [a.number for a in done.applied] == [numbers[0]]
    assert dict(_said(done)) == {
        "复查结论": "“复查合格”后这一列是“合格”，与所填不符，请改正或改回原样",
        "复查人": f"“复查合格”后这一列是“{DEPUTY}、安全股干事”，与所填不符，请改正或改回原样",
    }
    assert flow.ticket(numbers[1]).state == "pending_verification"


def test_requests_come_in_as_well(flow: Rectiflow, tmp_path: Path) -> None:
    """An extension: the new date stands in the cell of the deadline; the deadline itself waits for the approval."""
    number = _rectifying(flow, "甲")
    cells = {number: {"操作": "延期", "整改时限": "9月30日", "理由": "等材料", "临时防控措施": "专人值守"}}
    done = _applied(flow, tmp_path, cells, by=PRINCIPAL)
    assert [a.action for a in done.applied] == ["申请延期"]
    (request,) = flow.snapshot(number).requests
    assert (request.status, request.data["new_due_on"]) == ("pending", "2024-09-30")
    assert flow.ticket(number).marks["due_on"] == "2024-09-20"


def test_two_officials_apply_the_same_ledger(anywhere: Rectiflow, tmp_path: Path) -> None:
    """The second one's rows are refused with who did what meanwhile; nothing is doubled, untouched rows stay quiet."""
    flow = anywhere
    first, second, idle = _report(flow, "甲"), _report(flow, "乙"), _report(flow, "丙")
    assign = {"操作": "交办", "整改责任人": PRINCIPAL, "整改时限": date(2024, 9, 20)}
    path = _exported(flow, tmp_path, {first: assign, second: assign})
    flow.amend(idle, by=KEEPER, reason="补部位", place="西楼", remarks="已告知")
    assert len(apply_ledger(flow, path, by=KEEPER).applied) == 2
    before = _revs(flow)
    done = apply_ledger(flow, path, by=DEPUTY)
    assert (len(done.applied), done.untouched, done.refused) == (0, 1, 2)
    assert {p.title for p in done.problems} == {"版本"}
    assert done.problems[0].message == (
        f"导出之后已有新的办理：2024年9月2日{KEEPER}“交办”，现为“待签收”；没有写入，请重新导出再填"
    )
    assert _revs(flow) == before


def test_somebody_is_faster_between_reading_and_writing(
    flow: Rectiflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is looked at once more in the transaction itself."""
    number = _report(flow, "甲")
    path = _exported(flow, tmp_path, {number: {"操作": "更正", "隐患部位": "东楼", "理由": "漏写"}})
    handle = flow.handle

    def late(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(flow, "handle", handle)
        flow.amend(number, by=DEPUTY, reason="补", place="西楼")
        return handle(*args, **more)

    monkeypatch.setattr(flow, "handle", late)
    done = apply_ledger(flow, path, by=KEEPER)
    assert done.applied == ()
    assert f"{DEPUTY}“更正”" in done.problems[0].message
    assert flow.ticket(number).fields["place"] == "西楼"


def test_a_stale_row_nobody_touched_is_passed_over(flow: Rectiflow, clock: SetClock, tmp_path: Path) -> None:
    """Hazards that went through everything since the export are no business of who filled in another row."""
    moved, wanted = _report(flow, "甲", measures="先围挡", place="西楼"), _report(flow, "乙")
    path = _exported(flow, tmp_path, {wanted: {"操作": "不予认定", "理由": "重复"}})
    flow.do(moved, "交办", by=KEEPER, responsible_person=PRINCIPAL, due_on=date(2024, 9, 20))
    flow.do(moved, "签收", by=PRINCIPAL)
    flow.amend(moved, by=KEEPER, reason="写错", place=None, description="甲乙", category="食品安全")
    flow.do(moved, "申请复查", by=PRINCIPAL, measures="拆除", completed_on=flow.today(), evidence=[PHOTO])
    clock.set(at_hour(date(2024, 9, 4), 9))
    flow.do(moved, "复查合格", by=DEPUTY)
    done = apply_ledger(flow, path, by=KEEPER)
    assert _said(done) == []
    assert ([a.number for a in done.applied], done.untouched) == ([wanted], 1)


def test_restricted_rows_are_never_written_back(flow: Rectiflow, tmp_path: Path) -> None:
    """What was hidden at the export empties nothing, even when somebody who may see it applies the file."""
    number = _report(flow, "两户家长争执", category="矛盾纠纷", place="校门口", remarks="已约谈")
    kept = dict(flow.ticket(number).fields)
    cells: Cells = {number: {"操作": "更正", "理由": "补领导", "督办（包保）领导": "副局长"}}
    path = _exported(flow, tmp_path, cells, by="后勤办主任")
    done = apply_ledger(flow, path, by=PRINCIPAL)
    assert {p.title for p in done.problems} == {"操作"}  # no keeper; nothing about hidden cells
    granted = next(
        p.id for p in flow.directory().persons.values() if "see_restricted" in p.grants and p.name.startswith("安全股")
    )
    assert [p.message for p in apply_ledger(flow, path, by="后勤办主任").problems] == [
        "属受限类别，没有查看权限，不能办理"
    ]
    (applied,) = apply_ledger(flow, path, by=granted).applied
    assert applied.ticket.fields == {**kept, "supervising_leader": "副局长"}
    assert MASKED not in str(applied.ticket.fields)
    path = _exported(flow, tmp_path, {number: {"操作": "更正", "理由": "改", "隐患部位": "操场"}}, by="后勤办主任")
    done = apply_ledger(flow, path, by=granted)
    assert _said(done) == [("隐患部位", "这一行导出时隐去了内容，不能据此改动，请清空这一格")]


def test_files_that_are_no_filled_in_ledger(flow: Rectiflow, tmp_path: Path) -> None:
    """A ledger of one's own, rows without number or version, numbers of nowhere: said, with what to use instead."""
    number = _report(flow, "甲")
    with pytest.raises(InputUnusable, match="没有“隐患编号”、“版本”、“操作”列"):
        apply_ledger(flow, write_small_ledger(tmp_path / "台账.xlsx", [hazard_row()]), by=KEEPER)
    filled = {"隐患编号": number, "版本": "", "操作": "更正", "理由": "错"}
    rows = [
        hazard_row(**filled, 隐患描述="甲"),
        hazard_row(隐患编号="LZH-2024-000999", 版本=1, 操作="交办", 理由=""),
        hazard_row(隐患编号="", 版本="", 操作="", 理由=""),
    ]
    done = apply_ledger(flow, write_small_ledger(tmp_path / "台账.xlsx", rows), by=KEEPER)
    assert [(p.row, p.title, p.message[:11]) for p in done.problems] == [
        (3, "版本", "没有版本号，看不出是哪"),
        (4, "隐患编号", "系统里没有编号 LZH"),
        (5, "隐患编号", "没有隐患编号；新隐患请"),
    ]


def test_a_hazard_without_a_unit_is_no_problem(flow: Rectiflow, tmp_path: Path) -> None:
    """Reported by the public, no school yet: exported, untouched, passed over, in either format."""
    _report(flow, "甲")
    _report(flow, "乙", unit=None)
    for name in ("台账.xlsx", "台账.csv"):
        done = apply_ledger(flow, _exported(flow, tmp_path, {}, name=name), by=KEEPER)
        assert (done.untouched, done.problems) == (2, ())


def test_what_the_workbook_offers(flow: Rectiflow, tmp_path: Path) -> None:
    """Each row lists what its reader could do; the columns to fill in are not printed; importing says it does nothing."""
    _report(flow, "甲")
    _rectifying(flow, "乙")
    path = tmp_path / "台账.xlsx"
    export_ledger(flow, path, by=KEEPER)
    sheet: Any = load_workbook(path).active
    letter = letter_of(path, "操作")
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation if v.type == "list"}
    assert lists[f"{letter}4"] == '"交办,当场整改,不予认定,并入,改判,督办通知,挂牌督办,更正,作废"'
    assert lists[f"{letter}5"].startswith('"改派,撤回交办,')
    assert sheet.print_area == "'隐患台账'!$A$1:$AG$5"
    export_ledger(flow, path, by=PRINCIPAL)
    sheet = load_workbook(path).active
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation if v.type == "list"}
    assert lists[f"{letter}5"] == '"申请复查,延期,整改资金"'
    fill_in(path, {flow.tickets()[0].number: {"操作": "交办"}})
    done = import_ledger(flow, path, by=KEEPER)
    assert [str(w) for w in done.warnings] == ["“操作”一列填了内容，导入时不办理；要办理请用 rectiflow ledger apply"]
    export_ledger(flow, path)
    assert [cell.value for cell in load_workbook(path).worksheets[0][3]][-1] == "版本"
