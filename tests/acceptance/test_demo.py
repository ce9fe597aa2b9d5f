"""The demonstration is lived through once, and what it leaves is looked at with the commands that keep a workplace."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from rectiflow._demo import DemoSummary, run_demo
from rectiflow.cli import app
from rectiflow.commands._root import run

Call = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    """Live through the term once for all processes of this run; each has a copy of its own."""
    shared = Path(os.environ["RECTIFLOW_TEST_SERVER_DIR"]) / "demo"
    shared.mkdir(exist_ok=True)
    kept = shared / "summary"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(run_demo(shared / "term" / "demo", list[str]().append)))
    made: DemoSummary = pickle.loads(kept.read_bytes())  # noqa: S301 our own
    return replace(made, folder=shutil.copytree(made.folder, tmp_path_factory.mktemp("term") / "demo"))


@pytest.fixture
def call(summary: DemoSummary, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line in the folder the demonstration left."""
    monkeypatch.chdir(summary.folder)
    monkeypatch.setenv("COLUMNS", "80")

    def words(*given: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["rectiflow", "--as", "安全股股长", "--now", "2025-01-17T10:00", *given])
        code = run(app)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out + shown.err

    return words


def test_the_term_ends_in_order(summary: DemoSummary) -> None:
    """More than a hundred hazards, whole chains, every message sent, a caught-up downtime, four months closed."""
    assert summary.tickets >= 100
    assert (summary.broken, summary.incidents) == (0, 0)
    assert set(summary.messages) == {
        "sent",
        "merged",
        "cancelled",
    }  # what lost its reason before it went out is not sent
    assert summary.caught_up > 0
    assert summary.refusals == 3  # each a rule that holds: see the stories
    months = [p.stem[-7:] for p in summary.reports if p.suffix == ".docx"]
    assert months == ["2024-09", "2024-10", "2024-11", "2024-12"]


def test_the_stories_end_as_told(summary: DemoSummary) -> None:
    """Listed, extended, telephoned and major are closed; the long-dated one is still watched."""
    ends = [story.split("：")[-1] for story in summary.stories]
    assert [("已销号" in end) for end in ends] == [True, True, True, True, False]
    assert "监测整改中" in ends[-1]


def test_what_it_leaves(summary: DemoSummary) -> None:
    """Mails, an SMS log, both ledgers and the database are where the summary says."""
    folder = summary.folder
    assert len(list((folder / "outgoing" / "mail").glob("*.eml"))) > 500
    assert "【梁子湖区教育局】" in (folder / "outgoing" / "sms.log").read_text("utf-8")
    assert all((folder / name).is_file() for name in ("期初台账.xlsx", "期末台账.xlsx", "rectiflow.db"))
    assert str(folder) in summary.text()


def test_how_to_go_on_can_be_copied(summary: DemoSummary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands, a line each; the folder as seen from where the demonstration was called."""
    monkeypatch.chdir(summary.folder.parent)
    enter, go_on = summary.commands()
    assert enter == "cd demo"
    assert go_on.endswith("rectiflow --as 安全股股长 --now 2025-01-17T10:00 today")
    assert not {"，", "\n"} & set(enter + go_on)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("audit", "verify"), "全部完好"),
        (("doctor",), "防篡改触发器齐全"),
        (("unit", "list"), "梁子湖高中"),
        (("unit", "show", "一镇一小"), "校长"),
        (("person", "list", "--unit", "安全股"), "安全股股长"),
        (("workflow", "list"), "重大隐患治理"),
        (("workflow", "show", "hazard"), "提前3个工作日提醒"),
        (("outbox", "list", "--limit", "3"), "已发"),
        (("incident", "list"), "没有"),
        (("tick", "--no-send"), "到期 0 项"),
    ],
)
def test_keeping(call: Call, words: tuple[str, ...], expected: str) -> None:
    """The commands that keep a workplace in order answer on what a term has left."""
    code, said = call(*words)
    assert code == 0
    assert expected in said


def test_json_of_listings(call: Call) -> None:
    """Every listing speaks JSON."""
    for words in (
        ("unit", "list"),
        ("person", "list"),
        ("outbox", "list"),
        ("incident", "list"),
        ("audit", "verify"),
        ("doctor",),
    ):
        code, said = call(*words, "--json")
        assert code == 0
        json.loads(said)


def test_a_message_is_shown_as_it_was_sent(call: Call) -> None:
    """A sent mail is shown with its subject and text."""
    key = next(m["key"] for m in json.loads(call("outbox", "list", "--json")[1]) if m["channel"] == "mail")
    code, said = call("outbox", "show", key)
    assert (code, "主题：" in said) == (0, True)


def test_export_does_not_overwrite(call: Call, summary: DemoSummary) -> None:
    """An existing file is left alone unless it is meant."""
    code, said = call("ledger", "export", "期末台账.xlsx")
    assert code == 1
    assert "没有覆盖" in said
    assert call("ledger", "export", "期末台账.xlsx", "--force", "--overdue")[0] == 0
    assert summary.folder.exists()


def test_private_parts_need_a_grant(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and free text are exported to whom holds the grant alone."""
    assert call("audit", "export", "--out", "public.jsonl")[0] == 0
    assert "description" not in Path("public.jsonl").read_text("utf-8")
    assert call("audit", "export", "--private", "--out", "all.jsonl")[0] == 0
    monkeypatch.setattr("rectiflow._identity.require_grant", _refuse)
    assert call("audit", "export", "--private", "--out", "other.jsonl")[0] == 1
    assert not Path("other.jsonl").exists()


def _refuse(*_: object) -> None:
    from rectiflow import WorkplaceError

    raise WorkplaceError("没有权限")


def test_a_month_by_hand(call: Call, tmp_path: Path) -> None:
    """A report asked for by hand is a new edition in the file that was named."""
    code, said = call("report", "monthly", "--period", "2024-11", "--out", str(tmp_path / "月报.docx"))
    assert code == 0
    assert (tmp_path / "月报.docx").is_file()
    assert "第 2 版" in said
