"""Hazards at the command line: listed, shown, moved on, corrected, each as a person at the desk does it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from .conftest import Cli

OFFICER = "示例一镇初级中学安全副校长"
SCHOOL = "示例一镇初级中学"


def data(text: str) -> Any:
    """Read what was written as JSON."""
    return json.loads(text)


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "list", "--all"),
        ("ticket", "show", "1"),
        ("ticket", "show", "5"),
        ("ticket", "actions", "3"),
        ("ticket", "history", "5"),
        ("today", "--week"),
        ("request", "list"),
        ("notice", "list"),
    ],
)
def test_screens_fit_80_columns(cli: Cli, words: tuple[str, ...]) -> None:
    """No line of a screen is wider than 80 columns, Chinese characters counted as two."""
    answer = cli(*words, now="2024-09-18T09:00")
    assert answer.code == 0
    assert max(cell_len(text) for text in answer.out.splitlines()) <= 80


def test_show_says_where_it_stands(cli: Cli) -> None:
    """The screen names the state, whose turn it is, until when, what can be done and why the rest cannot."""
    shown = cli("ticket", "show", "3", now="2024-09-23T09:00").out
    assert shown.splitlines()[0] == "LZH-2024-000003  整改中  逾期 3 天"
    assert f"轮到    {OFFICER}（整改责任人），2024-09-02 起（21 天）" in shown
    assert "整改时限 2024-09-20，逾期 3 天" in shown
    assert "可办    改派（要：理由、整改责任人）" in shown
    assert "申请复查：安全股股长不是这条隐患的单位主要负责人、整改责任人" in shown.replace("\n        ", "")
    assert "交办 → 示例一镇初级中学校长" in shown


def test_show_as_json(cli: Cli) -> None:
    """The whole sheet as JSON has stable keys."""
    sheet = data(cli("ticket", "show", "5", "--json").out)
    assert {"line", "role", "fields", "clocks", "requests", "papers", "events", "files", "told", "actions"} == set(
        sheet
    )
    assert sheet["line"]["state"] == "pending_verification"
    assert sheet["line"]["overdue"] is False
    assert [e["title"] for e in sheet["events"]] == ["上报", "交办", "签收", "申请复查"]
    assert {a["trigger"] for a in sheet["actions"] if a["allowed"]} >= {"pass", "fail"}


def test_actions_are_listed_with_reasons(cli: Cli) -> None:
    """Every action is there, allowed or refused with its reasons."""
    actions = {a["trigger"]: a for a in data(cli("ticket", "actions", "1", "--json").out)}
    assert actions["assign"]["allowed"]
    assert actions["assign"]["needs"] == ["整改责任人", "整改时限"]
    assert actions["self_fix"]["reasons"] == ["安全股股长不是这条隐患的单位主要负责人，由梧桐湖园区示例学校校长办理"]


def test_list_filters(cli: Cli) -> None:
    """Unit, state, category, search, due date and dates that are missing narrow the list."""

    def numbers(*words: str, now: str = "2024-09-03T09:00") -> list[int]:
        found = data(cli("ticket", "list", "--json", *words, now=now).out)["lines"]
        return [int(entry["number"][-6:]) for entry in found]

    assert numbers() == [1, 2, 3, 4, 5, 6]
    assert numbers("--unit", SCHOOL) == [2, 3, 6]
    assert numbers("--unit", "示例一镇中心学校") == [2, 3, 6]
    assert numbers("--state", "待签收") == [2]
    assert numbers("--state", "待签收", "--state", "待复查") == [2, 5]
    assert numbers("--category", "食品安全") == [6]
    assert numbers("--search", "灭火器") == [2]
    assert numbers("--undated") == [1, 6]
    assert numbers("--due-by", "9月20日") == [2, 3, 4, 5]
    assert numbers("--overdue") == []
    assert numbers("--overdue", now="2024-09-21T09:00") == [2, 3, 4]
    assert numbers("--listed") == []
    assert numbers("--limit", "2") == [1, 2]
    assert numbers("--limit", "2", "--after", "2") == [3, 4]


def test_list_leads_to_the_next_page(cli: Cli) -> None:
    """A page that is not the last names the cursor of the next."""
    assert "下一页加上 --after LZH-2024-000003" in cli("ticket", "list", "--limit", "3").out
    assert "共 3 条" in cli("ticket", "list", "--after", "3").out


def test_closed_tickets_are_listed_on_demand(cli: Cli) -> None:
    """What is finished is left out of the list, and there with --all."""
    assert cli("ticket", "do", "1", "不予认定", "理由=核查不属实").code == 0
    assert "000001" not in cli("ticket", "list").out
    assert "000001" in cli("ticket", "list", "--all").out
    assert "000001" in cli("ticket", "list", "--state", "核查不属实").out


def test_csv_carries_no_formula(cli: Cli) -> None:
    """CSV has a header and a row for each hazard, and a text that looks like a formula is made one no more."""
    words = ("来源=自查", "排查日期=9月2日", "类别=消防安全", "隐患描述==HYPERLINK(1)")
    assert cli("ticket", "new", *words).code == 0
    rows = list(csv.DictReader(cli("ticket", "list", "--csv").out.splitlines()))
    assert len(rows) == 7
    assert rows[0]["责任单位"] == "梧桐湖园区示例学校"
    assert rows[-1]["隐患描述"] == "'=HYPERLINK(1)"


def test_report_and_repeat_with_a_key(cli: Cli) -> None:
    """A hazard reported twice under the same outside number is there once."""
    words = (
        "ticket",
        "new",
        "来源＝上级交办",
        "排查日期：9月1日",
        "类别=校车",
        "隐患描述=校车超载",
        "--key",
        "市函-17",
    )
    first, again = cli(*words), cli(*words)
    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("LZH-2024-000007  上报：待交办")
    assert "已有，没有重复登记" in again.out


def test_report_misses_everything_at_once(cli: Cli) -> None:
    """All required fields that are missing are named in one answer, and nothing is written."""
    answer = cli("ticket", "new", "来源=自查", "责任部门=一镇")
    assert answer.code == 1
    for title in ("排查日期", "类别", "隐患描述", "没有“责任部门”这一项"):
        assert title in answer.err
    assert "是不是：责任单位" in answer.err
    assert cli("ticket", "show", "7").code == 1


def test_assign_by_chinese_words(cli: Cli) -> None:
    """Action, fields, person and date are given in Chinese; the answer says who is told and which dates run."""
    answer = cli("ticket", "do", "1", "交办", "整改责任人=梧桐湖园区示例学校安全副校长", "整改时限=9月20日")
    assert answer.code == 0
    assert "LZH-2024-000001  交办：待交办 → 待签收" in answer.out
    assert "整改时限 2024-09-20" in answer.out
    assert "交办 → 梧桐湖园区示例学校安全副校长、梧桐湖园区示例学校校长" in answer.out


def test_dry_run_writes_nothing(cli: Cli) -> None:
    """A trial shows the same as the doing would, and the hazard stays where it was."""
    words = ("ticket", "do", "1", "交办", "整改责任人=梧桐湖园区示例学校安全副校长", "整改时限=9月20日", "--dry-run")
    answer = cli(*words)
    assert answer.code == 0
    assert "待交办 → 待签收" in answer.out
    assert "没有写入" in answer.out
    assert cli("ticket", "show", "1").out.startswith("LZH-2024-000001  待交办")
    assert cli("ticket", "do", "1", "销号", "--dry-run").code == 1


def test_dry_run_keeps_no_file(cli: Cli, workplace: Path) -> None:
    """A trial with evidence leaves the evidence folder as it was."""
    photo = workplace / "照片.jpg"
    photo.write_bytes(b"new photo")
    before = sorted(p.name for p in (workplace / "evidence").rglob("*"))
    words = ("整改措施=已清理", "完成日期=9月3日", "--evidence", str(photo))
    assert cli("ticket", "do", "3", "申请复查", *words, "--dry-run", by=OFFICER).code == 0
    assert sorted(p.name for p in (workplace / "evidence").rglob("*")) == before


def test_several_numbers_each_for_itself(cli: Cli) -> None:
    """A range is done one by one; what is refused is named, the rest is done, and the exit code tells."""
    answer = cli("ticket", "do", "1-2", "3", "撤回交办", "理由=单位报错了")
    assert answer.code == 1
    assert "LZH-2024-000001 不能“撤回交办”" in answer.err
    assert "LZH-2024-000002  撤回交办：待签收 → 待交办" in answer.out
    assert "LZH-2024-000003  撤回交办：整改中 → 待交办" in answer.out
    assert "办成 2 条，不能办 1 条。" in answer.out


def test_several_numbers_as_json(cli: Cli) -> None:
    """JSON has an entry for each number: state, deadlines and recipients, or reasons by code."""
    answer = cli("ticket", "do", "1,3", "撤回交办", "理由=报错了", "--json")
    refused, done = data(answer.out)
    assert answer.code == 1
    assert [r["code"] for r in refused["reasons"]] == ["wrong_state"]
    assert (done["ok"], done["state"], done["state_title"]) == (True, "reported", "待交办")
    assert {"deadlines", "messages", "requests", "papers", "warnings", "turn"} <= set(done)


def test_answer_by_telephone_for_a_unit(cli: Cli) -> None:
    """`--for` a unit means the person there who may do it; the history says whose statement, by whose hand and how."""
    answer = cli("ticket", "do", "2", "签收", "--for", SCHOOL, "--via", "电话", "--note", "校长说已收到")
    assert answer.code == 0
    history = cli("ticket", "history", "2").out
    assert "签收 [代录]  示例一镇初级中学校长" in history
    assert "经办 安全股股长 · 方式 电话" in history
    assert "说明：校长说已收到" in history
    last = data(cli("ticket", "history", "2", "--json").out)[-1]
    assert (last["on_behalf"], last["via"], last["entered_by"]) == (True, "电话", "安全股股长")


def test_answer_for_a_unit_that_may_not(cli: Cli) -> None:
    """A unit in which nobody may do it is refused with those who could."""
    answer = cli("ticket", "do", "2", "签收", "--for", "示例一镇第一小学", "--via", "phone")
    assert answer.code == 1
    assert "示例一镇第一小学没有人可办这一步；可办的是：示例一镇初级中学校长、" in answer.err


def test_late_entry_is_marked(cli: Cli) -> None:
    """What happened longer ago needs a note and is marked 补录, with the day it happened and the day it was entered."""
    words = ("ticket", "do", "2", "签收", "--on", "9月3日", "--for", SCHOOL, "--via", "纸质")
    refused = cli(*words, now="2024-09-10T09:00")
    assert refused.code == 1
    assert "补录须写明原因" in refused.err
    assert cli(*words, "--note", "回执邮寄在途", now="2024-09-10T09:00").code == 0
    history = cli("ticket", "history", "2", now="2024-09-10T10:00").out
    assert "2024-09-03  签收 [代录] [补录]" in history
    assert "录入 2024-09-10 09:00" in history


def test_a_photo_that_came_twice_counts_once(cli: Cli, workplace: Path) -> None:
    """The same content is one file of the hazard; another content of the same name is a second one."""
    photo = workplace / "现场.jpg"
    for content in (b"photo", b"photo", b"another"):
        photo.write_bytes(content)
        assert cli("ticket", "remark", "3", "--note", "见照片", "--evidence", str(photo)).code == 0
    assert "2 件：现场.jpg、现场.jpg" in cli("ticket", "show", "3").out


def test_evidence_is_kept_and_named(cli: Cli, workplace: Path) -> None:
    """A file given with an action is kept and named in the history."""
    photo = workplace / "整改后照片.jpg"
    photo.write_bytes(b"after")
    words = ("整改措施=已打开", "完成日期=昨天", "--evidence", str(photo))
    assert cli("ticket", "do", "3", "申请复查", *words, by=OFFICER).code == 0
    history = cli("ticket", "history", "3").out
    assert "完成日期：2024-09-02" in history
    assert "佐证材料：整改后照片.jpg" in history


def test_amend_shows_before_and_after(cli: Cli) -> None:
    """A correction needs a reason, shows both values, and leaves them in the history."""
    assert cli("ticket", "amend", "2", "隐患描述=灭火器过期三具").code == 1
    done = cli("ticket", "amend", "2", "隐患描述=灭火器过期三具", "--reason", "漏写数量")
    assert done.code == 0
    assert "隐患描述：灭火器过期 → 灭火器过期三具" in done.out
    assert "隐患描述：灭火器过期 → 灭火器过期三具；理由：漏写数量" in cli("ticket", "history", "2").out


def test_void_keeps_the_ticket(cli: Cli) -> None:
    """A voided hazard needs a reason and stays with its history."""
    assert cli("ticket", "void", "1").code == 1
    assert cli("ticket", "void", "1", "--reason", "重复录入").code == 0
    assert cli("ticket", "show", "1").out.startswith("LZH-2024-000001  已作废")


def test_reclassify_into_another_workflow(cli: Cli) -> None:
    """A hazard changes into another workflow by its title; the history keeps the words of each."""
    assert cli("ticket", "do", "3", "改判", "理由=经专家判定").code == 1
    trial = cli("ticket", "do", "3", "改判", "理由=经专家判定", "--into", "重大", "--dry-run")
    assert trial.code == 0
    assert cli("ticket", "do", "3", "改判", "理由=经专家判定", "--into", "重大").code == 0
    assert "重大隐患" in cli("ticket", "show", "3").out.splitlines()[0]
    assert "待签收 → 整改中" in cli("ticket", "history", "3").out


def test_restricted_is_for_those_involved(cli: Cli) -> None:
    """A restricted hazard is shown to the grant and to the school concerned, to others neither listed nor shown."""
    assert "000004" in cli("ticket", "list", by=HEAD_WITH_GRANT).out
    assert cli("ticket", "show", "4", by="梁子湖高中校长").code == 0
    listed = cli("ticket", "list", by=OFFICER)
    assert "000004" not in listed.out
    assert "另有 1 条受限类别的隐患" in listed.out
    for command in ("show", "history", "actions"):
        refused = cli("ticket", command, "4", by=OFFICER)
        assert refused.code == 1
        assert "受限类别" in refused.err
        assert "纠纷" not in refused.text
    assert "受限类别" in cli("ticket", "do", "4", "改派", "--dry-run", by=OFFICER).err


HEAD_WITH_GRANT = "安全股副股长"


def test_remarks_are_on_the_screen(cli: Cli, tmp_path: Path) -> None:
    """Who said what when and how, newest last, with the names of files; without words it says how to give them."""
    photo = tmp_path / "锁.png"
    photo.write_bytes(b"photo")
    school = ("--for", "示例一镇初级中学", "--via", "微信")
    assert cli("ticket", "remark", "3", "--note", "配件已订", *school).code == 0
    assert cli("ticket", "remark", "3", "--note", "已到货", "--evidence", str(photo)).code == 0
    shown = cli("ticket", "show", "3").out
    assert shown.index("（微信）：配件已订") < shown.index("安全股股长（本人）：已到货（附：锁.png）")
    refused = cli("ticket", "remark", "3").err
    assert "说明写 --note 文字，材料用 --evidence 文件" in refused
    assert "no-answer" not in refused


def test_options_of_the_program_stand_before_the_command(cli: Cli) -> None:
    """Written behind it they are told where they belong."""
    for option in ("--as", "--now"):
        wrong = cli("today", option, "校长")
        assert wrong.code == 2
        assert f"{option} 写在命令前面：rectiflow {option} … 命令。" in wrong.err


def test_a_new_hazard_names_the_unit_that_was_meant(cli: Cli) -> None:
    """The beginning of a name is enough; which unit was taken for it is said."""
    words = ("责任单位=示例一镇第一小", "类别=消防", "隐患描述=灭火器过期", "来源=局检查", "排查日期=今天")
    answer = cli("ticket", "new", *words)
    assert answer.code == 0, answer.text
    assert "示例一镇第一小学" in answer.out
