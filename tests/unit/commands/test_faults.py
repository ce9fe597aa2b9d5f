"""What went wrong, in one Chinese sentence."""

from __future__ import annotations

import errno
import logging
import sqlite3
from pathlib import Path

import pytest
import typer

from rectiflow.commands._faults import INTERRUPTED, guarded, hear_logs
from rectiflow.engine.errors import NotFound, Reason, Refused


def failing(exc: BaseException) -> int:
    """Run a call that raises."""

    def call() -> int:
        raise exc

    return guarded(call)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs go into a folder of the test, which is no workplace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_what_the_library_logs_is_told_without_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning as it is; of a mistake of ours the sentence, and where the details are. Said once, however often asked for."""
    logger = logging.getLogger("rectiflow")
    before = logger.handlers[:]
    logger.handlers[:] = []
    try:
        hear_logs()
        hear_logs()
        logging.getLogger("rectiflow.notifiers").warning("邮件发不出去：%s", "没有网络")
        try:
            raise ValueError("kaputt")
        except ValueError:
            logging.getLogger("rectiflow.notifiers").exception("消息 1 写不出来")
    finally:
        logger.handlers[:] = before
    log = tmp_path / "rectiflow-error.log"
    said = capsys.readouterr().err.replace("\n", "")
    assert said == f"邮件发不出去：没有网络消息 1 写不出来。详情写在 {log}。"
    assert "ValueError: kaputt" in log.read_text("utf-8")


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (NotFound("没有这条隐患。"), "没有这条隐患。"),
        (sqlite3.OperationalError("database is locked"), "数据库正被别的程序占用"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "数据库是只读的，没有写入任何内容"),
        (sqlite3.DatabaseError("database disk image is malformed"), "数据库文件已损坏"),
        (sqlite3.OperationalError("something new"), "数据库出错，没有写入任何内容"),
        (PermissionError(errno.EACCES, "Permission denied", "/a/b"), "/a/b：没有权限。"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "/a/b：磁盘已满。"),
        (KeyError("whatever"), "程序出错，没有办成。详情写在"),
        (EOFError(), "没有办，什么也没有改。"),
        (typer.Abort(), "没有办，什么也没有改。"),
    ],
)
def test_sentences(exc: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of failure has its sentence, and the exit code is 1."""
    assert failing(exc) == 1
    assert said in capsys.readouterr().err.replace("\n", "")


def test_reasons_stand_on_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Several reasons are a list, a single one a sentence."""
    reasons = [Reason(code="a", message="缺甲"), Reason(code="b", message="缺乙")]
    assert failing(Refused("X-1", "交办", reasons)) == 1
    assert capsys.readouterr().err == "X-1 不能“交办”：\n  · 缺甲\n  · 缺乙\n"
    assert failing(Refused("X-1", "交办", reasons[:1])) == 1
    assert capsys.readouterr().err == "X-1 不能“交办”：缺甲\n"


def test_interrupted_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C says nothing."""
    assert failing(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_details_are_in_the_log(tmp_path: Path) -> None:
    """The traceback of what nobody foresaw is appended to a log."""
    for text in ("first", "second"):
        assert failing(ValueError(text)) == 1
    log = (tmp_path / "rectiflow-error.log").read_text("utf-8")
    assert "ValueError: first" in log
    assert "ValueError: second" in log


def test_success_is_passed_on() -> None:
    """A call that raises nothing keeps its exit code."""
    assert guarded(lambda: 0) == 0
