"""Heads change, heads are away, schools are merged: one command each, and a list of what was handed over."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from rectiflow._identity import system_account

from .conftest import Cli
from .test_cli_terminal import terminal

SCHOOL = "示例一镇初级中学"
OLD, OFFICER = f"{SCHOOL}校长", f"{SCHOOL}安全副校长"
OTHER = "示例一镇第一小学"


def test_a_hand_over_prints_what_passes(cli: Cli, workplace: Path) -> None:
    """A new head, not known yet: open hazards by number and date, a list to sign, one message, the history in words."""
    page, book = workplace / "清单.html", workplace / "清单.xlsx"
    told = ("person", "handover", OFFICER, "新来的副校长", "--from", "今天", "--phone", "139 1234 5678")
    look = cli(*told, "--dry-run", "--out", str(page))
    assert look.code == 0
    assert "没有写入任何内容" in look.out
    done = cli(*told, "--out", str(book))
    assert done.code == 0
    assert f"{OFFICER}：{OFFICER} → 新来的副校长（新登记的人员），自 2024-09-03 起" in done.out.replace(
        "\n        ", ""
    )
    assert "在办隐患 2 条；其中 2 条的整改责任人改为新来的副校长" in done.out
    assert "LZH-2024-000003 整改中       整改责任人     还有 17 天" in done.out
    text = page.read_text("utf-8")
    assert all(words in text for words in ("岗位交接清单", "LZH-2024-000002", "移交人：", "接收人：", "监交人："))
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert "LZH-2024-000003" in [c.value for row in sheet.iter_rows() for c in row]
    history = cli("ticket", "history", "3").out
    assert f"整改责任人：{OFFICER} → 新来的副校长" in history.replace("\n     ", "")
    assert "交接  安全股股长" in history
    assert "新来的副校长（整改责任人）" in cli("ticket", "show", "3").out
    sent = json.loads(cli("outbox", "list", "--limit", "0", "--json").out)
    assert [m["recipient"] for m in sent if m["occasion"] == "岗位交接"] == ["新来的副校长"]
    assert cli("audit", "verify").code == 0


def test_lines_fit_the_screen(cli: Cli) -> None:
    """Whoever hands over whatever: no line is wider than 80 columns, counted as a terminal does."""
    from rich.cells import cell_len

    answer = cli("person", "handover", "安全股股长", "安全股干事", "--from", "今天", "--dry-run")
    rows = [line for line in answer.out.splitlines() if line.startswith("  LZH-")]
    assert rows
    assert all(cell_len(line) <= 80 for line in rows)


def test_a_restricted_hazard_passes_without_its_text(cli: Cli) -> None:
    """Who may not see it hands it over all the same, as a number."""
    answer = cli("person", "handover", "梁子湖高中校长", OTHER + "校长", "--from", "今天", "--dry-run", by="安全股干事")
    assert answer.code == 0
    assert "LZH-2024-000004" in answer.out
    assert "纠纷" not in answer.out


def test_an_empty_post_is_seen_and_filled(cli: Cli) -> None:
    """In the incidents and by the doctor, with who should fill it; gone when somebody sits there again."""
    assert cli("person", "handover", OLD, "--nobody", "--from", "今天").code == 0
    listed = json.loads(cli("incident", "list", "--json").out)
    assert [i["kind"] for i in listed] == ["nobody"]
    assert "请上级单位示例一镇中心学校补人员" in listed[0]["message"]
    assert "岗位空缺" in cli("doctor").out
    assert cli("person", "handover", OLD, OTHER + "校长", "--from", "今天").code == 0
    assert json.loads(cli("incident", "list", "--json").out) == []
    assert "岗位空缺" not in cli("doctor").out


def test_a_closed_incident_can_still_be_read(cli: Cli) -> None:
    """What `list --all` shows, `show` shows as well, with when it ended; there is nothing more to do with it."""
    assert cli("person", "handover", OLD, "--nobody", "--from", "今天").code == 0
    (listed,) = json.loads(cli("incident", "list", "--json").out)
    shown = cli("incident", "show", listed["id"].lower())
    assert (shown.code, listed["message"] in shown.out, "09:00 结束" in shown.out) == (0, True, False)
    assert cli("incident", "close", listed["id"]).code == 0
    assert "已结束" in cli("incident", "list", "--all").out
    shown = cli("incident", "show", listed["id"])
    assert (shown.code, listed["message"] in shown.out) == (0, True)
    assert "2024-09-03 09:00 结束" in shown.out
    for again in ("close", "retry"):
        refused = cli("incident", again, listed["id"])
        assert (refused.code, "已于 2024-09-03 09:00 结束" in refused.err) == (1, True)
    assert "没有编号为“X9”的待处理事项" in cli("incident", "show", "X9").err


def test_a_hand_over_that_may_not_be_says_all(cli: Cli) -> None:
    """Same person, a day beyond reason, a post not held; an unknown person with what to do."""
    before = cli("person", "list", "--json").out
    answer = cli("person", "handover", OLD, OLD, "--from", "2023-01-01", "--post", OTHER + "校长")
    assert answer.code == 1
    assert all(words in answer.err for words in ("同一人", "太早", f"不任{OTHER}校长"))
    unknown = cli("person", "handover", OLD, "没有这人", "--from", "今天")
    assert (unknown.code, "--phone、--email 或 --account" in unknown.err) == (1, True)
    bad = cli("person", "handover", OLD, "某某", "--from", "今天", "--phone", "12", "--account", "safety-head")
    assert "不是电话号码" in bad.err
    assert cli("person", "list", "--json").out == before


@pytest.mark.parametrize(
    "words",
    [
        ("person", "handover", OLD, "--from", "今天"),
        ("person", "handover", OLD, OFFICER, "--nobody", "--from", "今天"),
        ("person", "handover", OLD, OFFICER),
        ("person", "handover", OLD, OFFICER, "--from", "9月31日"),
        ("person", "absent", OLD, "--from", "9月5日"),
        ("person", "absent", "--from", "9月5日", "--to", "9月6日", "--deputy", OFFICER),
        ("unit", "close", SCHOOL),
    ],
)
def test_wrong_usage(cli: Cli, words: tuple[str, ...]) -> None:
    """What is missing is said in Chinese, exit 2."""
    answer = cli(*words)
    assert answer.code == 2
    assert answer.err
    assert not answer.err.isascii()


def test_a_list_that_cannot_be_written_is_refused_first(cli: Cli, workplace: Path) -> None:
    """Before anything is handed over: an ending nobody knows, a file that is there, a folder that is not."""
    (workplace / "有了.xlsx").write_bytes(b"x")
    for name in ("清单.docx", "有了.xlsx", "没有/清单.xlsx"):
        answer = cli("person", "handover", OLD, OFFICER, "--from", "今天", "--out", str(workplace / name))
        assert answer.code == 1
    assert "校长" in cli("unit", "show", SCHOOL).out
    assert cli("ticket", "history", "3").out.count("交接") == 0


def test_an_absence_its_list_and_the_way_back(cli: Cli) -> None:
    """What waits is said; the deputy acts; two at once are refused; cancelled it is gone."""
    words = ("person", "absent", OFFICER, "--from", "9月3日", "--to", "9月6日", "--deputy", OLD)
    done = cli(*words, "--reason", "外出培训")
    assert done.code == 0
    assert "在办隐患 2 条" in done.out
    assert [a["deputy"] for a in json.loads(cli("person", "absent", "--json").out)] == [OLD]
    assert "已登记 2024-09-03 至 2024-09-06 请假" in cli(*words).err
    back = ("person", "absent", OFFICER, "--cancel")
    assert "没有写入" in cli(*back, "--dry-run").out
    assert cli(*back).code == 0
    assert json.loads(cli("person", "absent", "--json").out) == []
    assert cli(*back).code == 1


def test_a_merged_school(cli: Cli) -> None:
    """Its hazards go to who took over with their dates; a new one is refused with who follows; twice is refused."""
    look = cli("unit", "close", SCHOOL, "--into", OTHER, "--from", "今天", "--dry-run", "--json")
    assert [p["number"][-1] for p in json.loads(look.out)["passing"]] == ["2", "3", "6"]
    done = cli("unit", "close", SCHOOL, "--into", OTHER, "--from", "今天")
    assert done.code == 0
    assert f"移交给{OTHER}，时限不变" in done.out
    assert "整改时限 2024-09-20" in cli("ticket", "show", "3").out
    assert "已撤并，并入" + OTHER in cli("unit", "show", SCHOOL).out
    found = ("类别=消防安全", "来源=局检查", "排查日期=昨天", "隐患描述=安全出口上锁")
    refused = cli("ticket", "new", *found, f"责任单位={SCHOOL}")
    assert (refused.code, f"请写承接单位{OTHER}" in refused.text) == (1, True)
    again = cli("unit", "close", SCHOOL, "--into", SCHOOL, "--from", "10月1日")
    assert all(words in again.err for words in ("已经撤并", "不能并入自己", "晚于今天"))


def test_a_school_closed_without_a_successor(cli: Cli) -> None:
    """Every open hazard is an incident; nothing is lost."""
    assert cli("unit", "close", SCHOOL, "--from", "今天").code == 0
    listed = json.loads(cli("incident", "list", "--json").out)
    assert sorted(i["number"][-1] for i in listed) == ["2", "3", "6"]


def test_an_old_workbook_brings_nobody_back(cli: Cli, workplace: Path) -> None:
    """Imported again as it was, it leaves the hand-over as it is, and says so."""
    assert cli("person", "handover", OLD, OTHER + "校长", "--from", "今天").code == 0
    answer = cli("unit", "import", str(workplace / "people.xlsx"))
    assert answer.code == 0
    assert "已于 2024-09-02 交接" in answer.err.replace("\n", "")
    assert json.loads(cli("unit", "show", SCHOOL, "--json").out)["posts"][0]["holders"] == [OTHER + "校长"]


def test_at_a_terminal_it_is_shown_and_asked_about(workplace: Path) -> None:
    """No leaves everything as it was; Enter does it."""
    words = ("person", "handover", OFFICER, OTHER + "安全副校长", "--from", "9月5日")
    with terminal(workplace, *words, code=1) as at:
        assert "在办隐患 2 条" in at.wait("就这样交接吗？（回车＝是，n＝否）：")
        at.type("n")
        at.wait("什么也没有写入")
    with terminal(workplace, *words) as at:
        at.wait("就这样交接吗？")
        at.type("")
        at.wait("办好了。")


def test_in_earnest_only_the_safety_section(cli: Cli, workplace: Path) -> None:
    """Outside a rehearsal a headmaster neither hands over, nor notes an absence, nor closes his school."""
    _in_earnest(workplace, OLD)
    today = date.today().isoformat()  # noqa: DTZ011 in earnest the system's clock is all there is
    later = (date.today() + timedelta(days=3)).isoformat()  # noqa: DTZ011 the same
    for words in (
        ("person", "handover", OLD, OFFICER, "--from", today),
        ("person", "absent", OLD, "--from", today, "--to", later, "--deputy", OFFICER),
        ("unit", "close", SCHOOL, "--from", today),
    ):
        answer = cli(*words, by=None, now=None)
        assert answer.code == 1
        assert "请由安全股办理" in answer.err
    _in_earnest(workplace, "安全股股长")
    assert cli("person", "handover", OLD, OFFICER, "--from", today, "--dry-run", by=None, now=None).code == 0


def _in_earnest(workplace: Path, person: str) -> None:
    """Make the workplace one in earnest, and the account at the keyboard that person's."""
    with sqlite3.connect(workplace / "rectiflow.db") as database:
        database.execute("UPDATE rectiflow_district SET rehearsal = 0, revision = revision + 1")
        database.execute("UPDATE rectiflow_person SET account = NULL WHERE account = ?", (system_account(),))
        database.execute("UPDATE rectiflow_person SET account = ? WHERE name = ?", (system_account(), person))
    database.close()


def test_who_may_change_how_somebody_is_reached(cli: Cli) -> None:
    """The person and the Safety Section, in a rehearsal too; a stranger changes and restores nothing."""
    head, other = "示例一镇第一小学校长", "示例一镇第二小学校长"
    new = ("--phone", "13911112222")
    assert cli("person", "reach", head, *new, by=head).code == 0
    refused = cli("person", "reach", head, "--phone", "13933334444", by=other)
    assert refused.code == 1
    assert "请由本人或安全股办理" in refused.err
    assert "139****2222" in cli("person", "reach", head).out
    assert "请由本人或安全股办理" in cli("person", "reach", "--restore", "13911112222", by=other).err
    assert "没有退回记录" in cli("person", "reach", "--restore", "13911112222", by=head).err
    assert cli("person", "reach", head, "--phone", "13933334444").code == 0
    short = cli("person", "reach", head, "--phone", "1381234567")
    assert (short.code, "应是 11 位手机号，或带区号的座机" in short.err.replace("\n", "")) == (1, True)
    assert "没有配置群消息通道" in cli("person", "reach", head, "--prefer", "群消息").out
    assert "没有配置" not in cli("person", "reach", head, "--prefer", "短信").out
    wrong = cli("person", "reach", head, "--phone", "abc", "--prefer", "飞鸽").err
    assert "没有“飞鸽”这种通道，可写 邮件、短信、群消息" in wrong
    assert "handover" in cli("person", "--help").out
    assert "请由安全股办理" in cli("person", "handover", head, "--nobody", "--from", "9月18日", by=other).err


def test_every_problem_of_an_absence_at_once(cli: Cli) -> None:
    """A deputy whom nobody knows keeps nobody from reading that the days are the wrong way round."""
    told = cli("person", "absent", OFFICER, "--from", "9月6日", "--to", "9月5日", "--deputy", "查无此人").err
    assert "查无此人" in told
    assert "结束日期 2024-09-05 早于开始日期 2024-09-06" in told
