"""Help in Chinese, fast, and shell completion; through the console entry in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Cli

HEAVY = (
    "sqlmodel",
    "sqlalchemy",
    "ruamel",
    "jinja2",
    "matplotlib",
    "docx",
    "python_calamine",
    "xlsxwriter",
    "holidays",
)
LIGHT_TOO = ("apscheduler", "aiosmtplib", "cel", "psycopg", "pydantic", "rich", "rectiflow._flow", "rectiflow.engine")


def run(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, at 80 columns."""
    environment = {**os.environ, "COLUMNS": "80", **variables}
    command = [sys.executable, "-m", "rectiflow", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False, timeout=60)


def test_commands_import_nothing_heavy() -> None:
    """Importing the whole command line loads no table, no workflow and no drawing library."""
    listed = "import sys, rectiflow.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True, timeout=60)
    assert not {*HEAVY, *LIGHT_TOO} & set(done.stdout.split())


def test_help_loads_no_tables() -> None:
    """The help page itself loads what it is drawn with and nothing of the engine."""
    program = (
        "import sys\nfrom rectiflow.cli import main\nsys.argv = ['rectiflow', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {*HEAVY, "rectiflow._flow", "rectiflow.engine"} & set(done.stderr.split())


def test_help_speaks_chinese() -> None:
    """Headings, usage and the texts of built-in options are Chinese; commands stand in their order."""
    shown = run("--help").stdout
    for said in ("用法：rectiflow [选项] 命令 [参数]...", "日常办理", "显示这一页并退出。", "自动补全"):
        assert said in shown
    assert not re.search(r"Usage|Options|Commands|Show this|Install|default|required", shown)
    assert re.search(r"--limit +个数 +最多几条", run("outbox", "list", "--help").stdout)
    names = re.findall(r"^│ ([a-z]+) ", shown, re.MULTILINE)
    assert names[:7] == ["today", "inspection", "ticket", "request", "notice", "call", "ledger"]


@pytest.mark.parametrize(
    "command",
    [
        *("ticket new", "ticket do", "ticket list", "ticket show", "ticket actions", "ticket history", "ticket amend"),
        *("ticket void", "request new", "request list", "request approve", "request reject", "notice list"),
        *(
            "notice show",
            "notice sign-off",
            "today",
            "ledger import",
            "report",
            "outbox list",
            "workflow check",
            "init",
        ),
        *("person handover", "person absent", "unit close"),
    ],
)
def test_each_help_page(cli: Cli, command: str) -> None:
    """Every command says in Chinese what it does and how it is written."""
    answer = cli(*command.split(), "--help")
    assert answer.code == 0
    assert f"用法：rectiflow {command}" in answer.out
    assert not re.search(r"Usage|\[OPTIONS\]|Arguments|<str>|<path>|\[required\]|\[default", answer.out)


def test_a_group_alone_shows_its_commands() -> None:
    """A group without a command shows its help and counts as wrong usage."""
    done = run("ticket")
    assert done.returncode == 2
    assert "用法：rectiflow ticket [选项] 命令 [参数]..." in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("words", "offered"), [("rectiflow not", "notice"), ("rectiflow ticket hi", "history")])
def test_completion_offers_commands(words: str, offered: str) -> None:
    """A shell that asks is offered commands and subcommands."""
    position = str(len(words.split()) - 1)
    done = run(_RECTIFLOW_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
    assert done.returncode == 0
    assert done.stdout.split() == [offered]


def test_completion_is_installed(tmp_path: Path) -> None:
    """Installing writes the script for the shell it is called from, and says so in Chinese."""
    program = f"{sys.executable} -m rectiflow --install-completion; true"
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, env=environment, check=False, timeout=60
    )
    assert "bash 的自动补全已装到" in done.stdout
    assert "rectiflow" in (tmp_path / ".bashrc").read_text("utf-8")


def test_a_pipe_that_closes(stocked: Path) -> None:
    """A reader that stops early ends us without a traceback."""
    program = f"{sys.executable} -m rectiflow --as 安全股股长 ticket list --json | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, cwd=stocked, check=False, timeout=60)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_csv_into_a_file_is_known_to_excel(stocked: Path, tmp_path: Path) -> None:
    """CSV that goes into a file begins with the mark by which Excel knows UTF-8."""
    file = tmp_path / "list.csv"
    with file.open("wb") as out:
        command = [sys.executable, "-m", "rectiflow", "--as", "安全股股长", "ticket", "list", "--csv"]
        subprocess.run(command, stdout=out, cwd=stocked, check=True, timeout=60)
    assert file.read_text("utf-8-sig").startswith("编号,责任单位")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
