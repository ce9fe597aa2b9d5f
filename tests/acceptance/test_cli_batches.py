"""Batches through the command line: by filter, by workbook, by year; shown first, agreed to, then done."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from support.sheets import fill_in

from .conftest import Cli
from .test_cli_terminal import terminal

SCHOOL = "示例一镇第一小学"
OFFICER = "示例一镇初级中学安全副校长"
N = "LZH-2024-00000"


def states(cli: Cli) -> dict[str, str]:
    """Return where every hazard stands."""
    lines = json.loads(cli("ticket", "list", "--all", "--json").out)["lines"]
    return {line["number"][-1]: line["state_title"] for line in lines}


# a filter ----------------------------------------------------------------------------------------------------------


def test_a_filter_is_tried_first(cli: Cli) -> None:
    """A dry run names what would be done and what not, who would be told how often, and changes nothing."""
    before = states(cli)
    answer = cli("ticket", "do", "撤回交办", "理由=重新交办", "--where", "环节=待签收,整改中,待复查", "--dry-run")
    assert answer.code == 1
    assert f"{N}3  撤回交办：整改中 → 待交办" in answer.out
    assert f"{N}5 不能“撤回交办”：当前环节“待复查”" in answer.err
    assert "提醒    撤回交办 → " in answer.out
    told = answer.out.split("提醒    ")[1].replace("\n        ", "")
    assert "示例一镇初级中学校长（2 条）" in told
    assert "可办 3 条，不能办 1 条。\n以上是试算，没有写入任何内容。" in answer.out
    assert states(cli) == before


def test_nobody_can_be_asked(cli: Cli) -> None:
    """In a pipe nothing is done unasked: wrong usage, with what to add; with --yes it is done."""
    words = ("ticket", "do", "撤回交办", "理由=重新交办", "--where", "环节=整改中 类别=消防安全")
    before, answer = states(cli), cli(*words)
    assert answer.code == 2
    assert "--where：这里不能逐一确认：请先加 --dry-run 看会办哪些、通知谁，确认后加 --yes 办理。" in answer.err
    assert states(cli) == before
    answer = cli(*words, "--yes", "--json")
    assert (answer.code, [(d["number"], d["ok"]) for d in json.loads(answer.out)]) == (0, [(f"{N}3", True)])
    assert states(cli) == before | {"3": "待交办"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("交办", "--where", "环节=已销号", "--yes"), 1, "没有符合“环节=已销号”的在办隐患"),
        (("交办", "--where", "环节=已销号", "--dry-run"), 1, "没有符合“环节=已销号”的在办隐患"),
        (("交办", "--where", "环结=待交办 类别=没有", "--yes"), 2, "“环结=待交办”：没有这个条件，是不是：环节？"),
        (("交办", "--where", "环结=待交办 类别=没有", "--yes"), 2, "“类别=没有”：没有类别“没有”"),
        (("12", "交办", "--where", "逾期", "--yes"), 2, "写了 --where 就不再写编号（12），两样只写一样"),
        (("--where", "逾期", "--yes", "整改时限=9月20日"), 2, "没有写要办的操作（如 交办）"),
        (
            ("更正", "隐患部位=东楼", "--where", "环节=待交办", "--yes"),
            2,
            "请用 rectiflow ticket amend LZH-2024-000001",
        ),
    ],
)
def test_filters_that_cannot_be(cli: Cli, words: tuple[str, ...], code: int, said: str) -> None:
    """Nothing found, nothing understood, two ways at once: said, and nothing is done."""
    before, answer = states(cli), cli("ticket", "do", *words)
    assert (answer.code, said in answer.text) == (code, True), answer.text
    assert states(cli) == before


def test_everything_needs_to_be_meant(workplace: Path, cli: Cli) -> None:
    """A filter that leaves nothing out is refused at a terminal, unless --yes says that it is meant."""
    with terminal(workplace, "ticket", "do", "改判", "理由=重判", "--where", "未办结", by="安全股股长", code=1) as at:
        at.wait("选中了全部 6 条在办隐患；请再加条件，确要全部办理的加 --yes。")
    answer = cli("ticket", "do", "作废作废", "--where", "未办结", "--yes")
    assert (answer.code, answer.err.count("没有“作废作废”这一操作")) == (1, 6)


def test_shown_and_agreed_to(workplace: Path, cli: Cli) -> None:
    """At a terminal: the preview, one question, the sum; n changes nothing."""
    words = ("ticket", "do", "撤回交办", "理由=重新交办", "--where", "环节=待签收,整改中 类别=消防安全")
    with terminal(workplace, *words, code=1) as at:
        assert f"{N}2  撤回交办：待签收 → 待交办" in at.wait("办理这 2 条吗（回车＝是，n＝否）：")
        at.type("n")
        at.wait("没有办理。")
    assert states(cli)["2"] == "待签收"
    with terminal(workplace, *words) as at:
        preview = at.wait("办理这 2 条吗")
        assert "提醒    撤回交办 → " in preview
        at.type("")
        at.wait("办成 2 条。")
    assert [states(cli)[n] for n in "23"] == ["待交办", "待交办"]


# lists -------------------------------------------------------------------------------------------------------------


def test_a_list_as_wanted(cli: Cli) -> None:
    """Filtered, sorted, with the columns wanted: on the screen, as CSV and as JSON."""
    words = (
        "ticket",
        "list",
        "--where",
        "环节=整改中,待签收",
        "--sort",
        "-编号",
        "--columns",
        "编号,环节,整改时限,轮到",
    )
    screen = cli(*words)
    assert [line.split()[0] for line in screen.out.splitlines()] == ["编号", f"{N}4", f"{N}3", f"{N}2", "共"]
    assert all(cell_len(line) <= 80 for line in screen.out.splitlines())
    rows = list(csv.reader(io.StringIO(cli(*words, "--csv").out)))
    assert rows[0] == ["编号", "环节", "整改时限", "轮到"]
    assert rows[-1] == [f"{N}2", "待签收", "2024-09-20", OFFICER]
    found = json.loads(cli(*words, "--json").out)
    assert found["lines"][-1] == {
        "number": f"{N}2",
        "state_title": "待签收",
        "due_on": "2024-09-20",
        "turn": [OFFICER],
    }
    assert (found["hidden"], found["more"]) == (0, 0)


def test_a_sorted_list_says_what_it_leaves_out(cli: Cli) -> None:
    """It has no pages: the first so many, and how to have all."""
    answer = cli("ticket", "list", "--sort", "时限,编号", "--limit", "2")
    assert "列出前 2 条，还有 4 条，全部列出加上 --limit 0" in answer.out
    assert answer.out.splitlines()[1].startswith(f"{N}2")
    assert "共 6 条。" in cli("ticket", "list", "--sort", "时限", "--limit", "0").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sort", "时现"), "--sort：没有列“时现”，是不是：时限？"),
        (("--columns", "编号,abc"), "--columns：没有列“abc”，可写：编号、"),
        (("--sort", "时限", "--after", "2"), "--after 按编号翻页，不能和 --sort 一起用"),
        (("--where", "环节"), "--where：“环节”：应写成 环节=整改中"),
    ],
)
def test_lists_that_cannot_be(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """Wrong words are wrong usage, named with what may be meant."""
    answer = cli("ticket", "list", *words)
    assert (answer.code, said in answer.err.replace("\n", "")) == (2, True), answer.err


# a workbook --------------------------------------------------------------------------------------------------------


def _filled(cli: Cli, folder: Path) -> Path:
    path = folder / "填办.xlsx"
    assert cli("ledger", "export", str(path)).code == 0
    assign = {"操作": "交办", "整改责任人": "示例园区实验学校安全副校长", "整改时限": "9月20日"}
    sign = {"操作": "签收", "代谁办理": "示例一镇初级中学", "办理方式": "电话", "办理说明": "校长来电"}
    return fill_in(path, {f"{N}1": assign, f"{N}2": sign, f"{N}6": {"隐患部位": "食堂"}})


def test_a_ledger_goes_out_and_comes_back(cli: Cli, tmp_path: Path) -> None:
    """Tried, then done: what each row does, who is told, which row is refused at which cell; then nothing is doubled."""
    officer: Any = next(
        line["turn"][0]
        for line in json.loads(cli("ticket", "list", "--json").out)["lines"]
        if line["number"] == f"{N}3"
    )
    path = _filled(cli, tmp_path)
    fill_in(path, {f"{N}1": {"整改责任单位": "示例一镇初级中学", "整改责任人": officer}})
    before = states(cli)
    dry = cli("ledger", "apply", str(path), "--dry-run")
    assert (dry.code, states(cli)) == (1, before)
    assert "可办 2 行，没有改动 3 行，不能办 1 行。\n以上是试算，没有写入任何内容。" in dry.out
    done = cli("ledger", "apply", str(path))
    assert done.code == 1
    assert f"第 4 行  {N}1  交办：待交办 → 待签收" in done.out
    assert f"第 5 行  {N}2  签收：待签收 → 整改中" in done.out
    assert "第 9 行 G 列（隐患部位）“食堂”：原为“—”，没有写入：登记错的" in done.err
    assert "办成 2 行，没有改动 3 行，不能办 1 行。" in done.out
    assert "[代录]" in cli("ticket", "history", "2").out
    again = cli("ledger", "apply", str(path), "--json")
    found = json.loads(again.out)
    assert (again.code, found["applied"], found["untouched"]) == (1, [], 3)
    assert [p["title"] for p in found["refused"]] == ["版本", "版本", "隐患部位"]


def test_files_that_cannot_be_applied(cli: Cli, tmp_path: Path) -> None:
    """No workbook, no filled-in ledger: one sentence, exit 1."""
    assert cli("ledger", "apply", str(tmp_path / "没有.xlsx")).code == 1
    path = tmp_path / "乱.csv"
    path.write_text("排查日期,学校（单位）,隐患描述\n2024-09-02,示例一镇初级中学,灭火器过期\n", "utf-8")
    answer = cli("ledger", "apply", str(path))
    assert (answer.code, "没有“隐患编号”、“版本”、“操作”列，不是可填办的台账" in answer.err) == (1, True)


# a year ------------------------------------------------------------------------------------------------------------


def test_the_year_turns(cli: Cli) -> None:
    """Tried, done, repeated: one line each; the history and the exit code say the rest."""
    january = "2025-01-06T09:00"
    dry = cli("ledger", "rollover", "--year", "2025", "--dry-run", now=january)
    assert "将结转到 2025 年 6 条，编号不变。" in dry.out
    done = cli("ledger", "rollover", "--year", "2025", now=january)
    assert (done.code, done.out.strip()) == (0, "结转到 2025 年 6 条，编号不变。")
    again = cli("ledger", "rollover", "--year", "2025", now=january)
    assert (again.code, again.out.strip()) == (0, "结转到 2025 年 0 条，编号不变，早已结转 6 条。")
    assert "结转到 2025 年" in cli("ticket", "history", "1", now=january).out
    assert cli("audit", "verify", now=january).code == 0
    wrong = cli("ledger", "rollover", "--year", "2024", now=january)
    assert (wrong.code, "只能结转到 2025 年或 2026 年，不能到 2024 年" in wrong.err) == (1, True)
