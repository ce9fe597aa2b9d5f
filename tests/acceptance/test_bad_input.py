"""Bad input, through the command line: one clear Chinese message, exit 1 or 2, no traceback, nothing half written."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.conftest import caller
from support.workplaces import assigned, sample_workplace

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "tests" / "data" / "design_example.yaml").read_text("utf-8")
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one workplace with three hazards for the whole module."""
    folder = tmp_path_factory.mktemp("office") / "place"
    place = sample_workplace(folder)
    assigned(place, 3)
    place.flow.close()
    return folder


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Path:
    """Give a copy of the workplace."""
    return Path(shutil.copytree(made, tmp_path / "office"))


@pytest.fixture
def run(office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in the workplace; return the exit code and all that was said."""
    cli = caller(office, monkeypatch, capsys)

    def call(*words: str, acting: str = "安全股股长", now: str = "2024-09-02T10:00") -> tuple[int, str]:
        answer = cli(*words, by=acting, now=now)
        assert "Traceback" not in answer.text
        assert "程序出错" not in answer.text
        return answer.code, answer.text

    return call


def _rows(office: Path, table: str = "ticket") -> int:
    with sqlite3.connect(office / "rectiflow.db") as connection:
        return int(connection.execute(f"SELECT count(*) FROM rectiflow_{table}").fetchone()[0])  # noqa: S608


@pytest.mark.parametrize(
    ("was", "now", "place"),
    [
        ("states:\n", "states: [\n", "bad.yaml:"),
        ("by: [lead_section, town_supervisor]", "by: [lead_secton]", "lead_secton"),
        (
            "by: safety_section, not_by_actor_of",
            "by: safety_section, when: sevrity == 'major', not_by_actor_of",
            "sevrity",
        ),
    ],
    ids=["broken yaml", "unknown role", "misspelt field in a guard"],
)
def test_definitions(run: Run, office: Path, was: str, now: str, place: str) -> None:
    """A broken definition is refused by `check` and by everything that would work with it, with line and column."""
    assert was in EXAMPLE
    (office / "bad.yaml").write_text(EXAMPLE.replace(was, now, 1), "utf-8")
    code, said = run("workflow", "check", "bad.yaml")
    assert code == 1
    assert place in said
    assert "bad.yaml:" in said
    shutil.move(office / "bad.yaml", office / "workflows" / "bad.yaml")
    code, said = run("ticket", "list")
    assert (code, "bad.yaml" in said) == (1, True)


def test_workbook_without_needed_columns(run: Run, office: Path) -> None:
    """A ledger without the columns it needs names them and what was found."""
    (office / "ledger.csv").write_text("序号,名称\n1,某物\n", "utf-8")
    code, said = run("ledger", "import", "ledger.csv")
    assert code == 1
    assert "隐患描述" in said
    assert _rows(office) == 3


def test_corrupt_and_protected_workbooks(run: Run, office: Path) -> None:
    """A corrupt and a password-protected workbook are told apart, each with what to do."""
    (office / "broken.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
    code, said = run("ledger", "import", "broken.xlsx")
    assert code == 1
    assert "broken.xlsx" in said
    code, said = run("unit", "import", "broken.xlsx")
    assert code == 1
    assert "broken.xlsx" in said


def test_protected_workbook(run: Run, office: Path) -> None:
    """A workbook with a password says so."""
    import io

    from msoffcrypto.format import ooxml

    locked = io.BytesIO()
    with (office / "people.xlsx").open("rb") as workbook:
        ooxml.OOXMLFile(workbook).encrypt("secret", locked)
    (office / "locked.xlsx").write_bytes(locked.getvalue())
    code, said = run("ledger", "import", "locked.xlsx")
    assert code == 1
    assert "密码" in said


def test_rows_with_an_unknown_unit_and_no_date(run: Run, office: Path) -> None:
    """Bad rows are named by row, column and reason; the good row goes in; a dry run writes nothing."""
    text = (
        "排查时间,学校(单位),隐患类别,隐患描述,整改时限\n"
        "2024-08-20,示例一镇第一小学,消防安全,灭火器压力不足两具,2024-09-30\n"
        "2024-08-21,不存在的小学,消防安全,应急灯不亮,2024-09-30\n"
        "2024-02-30,示例一镇第一小学,消防安全,配电箱未上锁,尽快\n"
    )
    (office / "ledger.csv").write_text(text, "utf-8")
    code, said = run("ledger", "import", "ledger.csv", "--dry-run")
    assert (code, _rows(office)) == (1, 3)
    code, said = run("ledger", "import", "ledger.csv")
    assert (code, _rows(office)) == (1, 4)
    assert "第 3 行" in said
    assert "不存在的小学" in said
    assert "第 4 行" in said
    assert "2024-02-30" in said


def test_actions_with_bad_words(run: Run, office: Path) -> None:
    """An unknown unit, a date that is none and a missing field are all said at once."""
    before = _rows(office, "event")
    code, said = run("ticket", "new", "类别=消防安全", "排查日期=13月40日", "责任单位=不存在的小学", "来源=局检查")
    assert code == 1
    assert all(word in said for word in ("13月40日", "不存在的小学", "隐患描述"))
    assert run("ticket", "do", "1", "申请复查", acting="示例一镇第一小学校长")[0] == 1
    assert _rows(office, "event") == before


def test_missing_template(run: Run, office: Path) -> None:
    """A district's template that names what does not exist is told with file and line; the built-in words go out."""
    (office / "templates" / "assigned.mail.txt.j2").write_text("主题: {{ numbr }}\n\n{{ number }}", "utf-8")
    code, said = run("outbox", "send")
    assert code == 0
    code, said = run("template", "check")
    assert code == 1
    assert "assigned.mail.txt.j2" in said
    assert "numbr" in said
    code, said = run("doctor")
    assert (code, "有问题" in said) == (1, True)


def test_unreachable_mail_server(run: Run, office: Path) -> None:
    """An unreachable server is named with its port; the messages wait and are tried again later."""
    config = office / "rectiflow.toml"
    text = config.read_text("utf-8").replace("files = true", "files = false").replace('host = ""', 'host = "127.0.0.1"')
    text = text.replace("port = 587", "port = 9").replace('sender = ""', 'sender = "office@example.com"')
    config.write_text(text, "utf-8")
    code, said = run("outbox", "send")
    assert code == 1
    assert "邮件发不出去：连接不上邮件服务器 127.0.0.1:9" in said.replace("\n", "")
    code, said = run("outbox", "list")
    assert "127.0.0.1:9" in said.replace("\n", "").replace(" ", "")


def test_locked_database(run: Run, office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database another program holds says so after the wait; nothing is written."""
    monkeypatch.setenv("RECTIFLOW_DB", f"sqlite:///{office / 'rectiflow.db'}?timeout=1")
    with sqlite3.connect(office / "rectiflow.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        code, said = run("ticket", "do", "1", "签收", acting="示例一镇第一小学校长")
        holder.execute("ROLLBACK")
    assert code == 1
    assert "占用" in said


def test_settings_that_are_wrong(run: Run, office: Path) -> None:
    """Broken TOML and an unknown setting are named with file and place."""
    config = office / "rectiflow.toml"
    good = config.read_text("utf-8")
    config.write_text(good + "\n[mail]\n", "utf-8")
    assert run("today")[0] == 1
    config.write_text(good.replace("port = 587", "prot = 587"), "utf-8")
    code, said = run("today")
    assert code == 1
    line = next(n for n, text in enumerate(config.read_text("utf-8").splitlines(), 1) if text == "prot = 587")
    assert f"第 {line} 行 [mail.prot]：没有这一项，是不是 port" in said
    config.write_text(good.replace("port = 587", "port = “587”"), "utf-8")
    code, said = run("today")
    assert code == 1
    assert f"第 {line} 行" in said
    assert '这一行有中文的 “ ”，请改成英文的 "' in said
    config.write_text(f"{good}\n[worked]\nsend_seconds = 1\n[mail.dkim]\nkey_fil = 1\n", "utf-8")
    _, said = run("today")
    assert f"第 {len(good.splitlines()) + 2} 行 [worked]：没有这一项，是不是 worker" in said
    assert f"第 {len(good.splitlines()) + 5} 行 [mail.dkim.key_fil]：没有这一项，是不是 key_file" in said


def test_no_workplace(tmp_path: Path) -> None:
    """Outside any workplace the message says how to make one."""
    done = subprocess.run(
        [sys.executable, "-m", "rectiflow", "today"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "rectiflow init" in done.stderr + done.stdout
