"""What is wrong is said in Chinese with an honest exit code: 1 refused or failed, 2 wrong usage; never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rectiflow._workplace import make_workplace

from .conftest import Answer, Cli

ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+")  # four words in a row read as a sentence


def refused(answer: Answer, code: int, *said: str) -> None:
    """Check exit code and message, and that no English sentence and no traceback came out."""
    assert answer.code == code, answer.text
    for part in said:
        assert part in answer.text.replace("\n", "")
    assert "Traceback" not in answer.text
    assert not ENGLISH.search(answer.text)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ticket", "show", "99"), 1, "没有编号为 99 的隐患"),
        (("ticket", "do", "1", "99-100", "交办"), 1, "没有编号为 99、100 的隐患"),
        (("ticket", "do", "LZH-2023-000001", "交办"), 1, "没有编号为 LZH-2023-000001 的隐患"),
        (("ticket", "do", "15-12", "交办"), 1, "前大后小"),
        (("ticket", "do", "1", "起飞"), 1, "没有“起飞”这一操作，可办：交办"),
        (("ticket", "do", "1", "销号"), 1, "当前环节“待交办”不能“销号”"),
        (("ticket", "do", "1", "交办"), 1, "缺“整改责任人”"),
        (("ticket", "do", "1", "交办", "整改时限=12月32日"), 1, "没有这一天"),
        (("ticket", "do", "1", "交办", "整改时限=年底"), 1, "“年底”不是日期"),
        (("ticket", "do", "1", "交办", "整改责任人=无名氏"), 1, "没有人员“无名氏”"),
        (("ticket", "do", "1", "不予认定", "理由=x", "--on", "9月30日"), 1, "发生日期 2024-09-30 晚于今天"),
        (("ticket", "do", "3", "申请复查"), 1, "安全股股长不是这条隐患的单位主要负责人、整改责任人"),
        (("ticket", "do", "3", "申请复查", "--evidence", "没有.jpg"), 1, "没有这个文件"),
        (("ticket", "do", "3", "复查"), 2, "“复查”不止一个操作：复查合格、复查不合格"),
        (("ticket", "do", "3", "延期"), 2, "“延期”是申请，请用 rectiflow request new 3 延期"),
        (("ticket", "do", "3", "作废"), 2, "请用 rectiflow ticket void 3"),
        (("ticket", "do", "1", "交办", "--on", "昨儿"), 2, "--on：“昨儿”不是日期"),
        (("ticket", "do", "1", "交办", "--via", "电话"), 2, "请用 --for 写明"),
        (("ticket", "do", "1", "交办", "--for", "安全股", "--via", "传真"), 2, "没有“传真”"),
        (("ticket", "do", "1", "交办", "整改时限=1", "整改时限=2"), 2, "“整改时限”写了两次"),
        (("ticket", "do", "1"), 2, "没有写要办的操作"),
        (("ticket", "do", "交办"), 2, "没有写隐患编号"),
        (("ticket", "do", "1", "交办", "马上"), 2, "“马上”看不懂，应写成 项目=内容"),
        (("ticket", "amend", "1", "改一下"), 2, "“改一下”应写成 项目=内容"),
        (("ticket", "new", "--workflow", "没有"), 1, "没有流程“没有”"),
        (("ticket", "list", "--unit", "没有"), 1, "没有单位“没有”"),
        (("ticket", "list", "--category", "没有"), 1, "没有类别“没有”"),
        (("ticket", "list", "--state", "没有"), 1, "没有环节“没有”"),
        (("ticket", "list", "--limit", "x"), 2, "--limit：应是整数"),
        (("ticket", "list", "--limit", "-1"), 2, "应不小于 0"),
        (("ticket", "list", "--overdew"), 2, "没有 --overdew 这个选项。是不是：--overdue、"),
        (("ticket", "list", "--unit"), 2, "--unit 后面要写内容"),
        (("ticket", "show"), 2, "没有写“编号”"),
        (("ticket", "show", "1", "2"), 2, "多写了“2”"),
        (("ticket", "lsit"), 2, "没有“lsit”这个命令。是不是：list？"),
        (("tikcet",), 2, "没有“tikcet”这个命令。是不是：ticket"),
    ],
)
def test_each_mistake_has_its_sentence(cli: Cli, words: tuple[str, ...], code: int, said: str) -> None:
    """A mistake is named with what to do instead."""
    refused(cli(*words), code, said)


def test_nobody_and_somebody_else(cli: Cli) -> None:
    """An account that belongs to nobody is told how to go on; so is a name that does not exist or fits several."""
    refused(cli("today", by=None), 1, "没有对应的人员", "可用 --as 写明")
    refused(cli("today", by="无名氏"), 1, "没有人员“无名氏”")
    refused(cli("today", by="安全股"), 1, "人员“安全股”不止一个：安全股股长、安全股副股长")


def test_the_own_account_is_enough(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --as the account at the keyboard says who acts."""
    monkeypatch.setattr("rectiflow._identity.system_account", lambda: "safety-head")
    assert "安全股股长（全区）" in cli("today", by=None).out


def test_no_workplace(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a workplace the way to one is shown."""
    monkeypatch.chdir(tmp_path)
    refused(cli("today", by=None, now=None), 1, "这里还不是工作区", "rectiflow init")
    refused(cli("--config", "没有.toml", "today", by=None, now=None), 1, "没有设置文件 没有.toml")


def test_a_refused_workplace_leaves_nothing(cli: Cli, workplace: Path, tmp_path: Path) -> None:
    """The database knows the district by another prefix: neither the folders made for it stay, nor a thing is lost."""
    words = ("--rehearsal", "--district", "420702", "--prefix", "ABC", "--db", f"sqlite:///{workplace}/rectiflow.db")
    new, old = tmp_path / "some" / "where", tmp_path / "old"
    (old / "evidence").mkdir(parents=True)
    (old / "evidence" / "照片.txt").write_text("留着", "utf-8")
    before = _tree(tmp_path)
    for folder in (new, old):
        refused(cli("init", str(folder), *words, by=None, now=None), 1, "区划代码 420702 已用编号前缀 LZH")
    assert _tree(tmp_path) == before
    assert cli("init", str(new), *words[:4], "LZH", *words[5:], by=None, now=None).code == 0
    assert (new / "rectiflow.toml").is_file()


def test_the_clock_is_set_in_rehearsals_only(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real workplace takes no --now and no --as without a grant; a rehearsal takes a time that is one."""
    refused(cli("today", now="中午"), 1, "--now “中午”不是时间")
    real = tmp_path / "real"
    make_workplace(real, code="420704", prefix="ELZ", name="某区教育局")
    monkeypatch.chdir(real)
    refused(cli("today", by=None), 1, "--now 只在演练工作区")
    refused(cli("today", by=None, now=None), 1, "没有对应的人员")


def test_a_database_that_is_none(cli: Cli, workplace: Path) -> None:
    """A file that is no database gets one sentence."""
    for file in workplace.glob("rectiflow.db*"):
        file.unlink()
    (workplace / "rectiflow.db").write_bytes(b"this is not a database, only text " * 100)
    refused(cli("today"), 1, "数据库")


def test_the_unexpected_goes_to_a_log(cli: Cli, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw ends in one sentence, with the traceback in a log of the workplace only its owner reads."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("wires crossed")

    monkeypatch.setattr("rectiflow._sheet.sheet", broken)
    answer = cli("ticket", "show", "1")
    refused(answer, 1, "程序出错，没有办成。详情写在")
    log = workplace / "rectiflow-error.log"
    assert "wires crossed" in log.read_text("utf-8")
    assert log.stat().st_mode & 0o777 == 0o600


def test_interrupted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends quietly with 130."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rectiflow._sheet.sheet", interrupted)
    answer = cli("ticket", "show", "1")
    assert (answer.code, answer.text) == (130, "")


def _tree(folder: Path) -> list[Path]:
    """Return all that lies in a folder but what SQLite keeps beside an open file."""
    return sorted(p for p in folder.rglob("*") if not p.name.startswith("rectiflow.db-"))
