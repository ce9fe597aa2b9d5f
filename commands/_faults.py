"""When something goes wrong: one Chinese sentence for the person, the details into a log file, an honest exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rectiflow.engine.errors import RectiflowError

__all__ = ["guarded", "hear_logs", "tell_error"]

LOG_NAME = "rectiflow-error.log"
INTERRUPTED = 130  #: exit code after Ctrl-C, as shells have it
#: Part of what a database says → what that means for the person.
_DATABASE: tuple[tuple[str, str], ...] = (
    ("locked", "数据库正被别的程序占用，请稍后再试；若一直如此，请检查是否有程序没有退出"),
    ("readonly", "数据库是只读的，没有写入任何内容；请检查文件和文件夹的权限"),
    ("read-only", "数据库是只读的，没有写入任何内容；请检查文件和文件夹的权限"),
    ("disk is full", "磁盘满了，没有写入任何内容；请清理后再试"),
    ("no such table", "数据库结构不完整，请运行 rectiflow init 升级，再用 rectiflow doctor 检查"),
    ("malformed", "数据库文件已损坏，请从备份恢复"),
    ("not a database", "这个文件不是数据库，请核对地址"),
    ("unable to open", "数据库打不开，请核对地址、文件夹和权限"),
    ("connect", "连不上数据库，请核对地址、网络和口令"),
)
_WITH_PHOTOS = ("检查记录", "整改报告")  #: what takes a folder of photographs by item
_DRIVERS = ("sqlite3", "psycopg", "sqlalchemy.exc")


def guarded(call: Callable[[], int]) -> int:
    """Run a call and return its exit code; nothing it raises reaches the person as it is."""
    try:
        return _ended(call())
    except KeyboardInterrupt:
        return _ended(INTERRUPTED)
    except typer.TyperException as exc:
        from ._usage import tell_usage

        tell_usage(exc)
        return exc.exit_code
    except (typer.Abort, EOFError):
        _say("没有办，什么也没有改。")
        return 1
    except BrokenPipeError:
        return _quiet_pipe()
    except Exception as exc:  # noqa: BLE001 the last resort: no traceback reaches a person
        _say(_sentence(exc))
        return 1


def _ended(code: int) -> int:
    """Leave the line an interrupted person was typing on."""
    from ._output import is_terminal

    if code == INTERRUPTED and is_terminal():
        sys.stderr.write("\n")
    return code


def hear_logs() -> None:
    """Let what the library logs reach the person like any other warning; a worker's own log is left as it is set up."""
    import logging

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raised = record.exc_info[1] if record.exc_info else None
            log = _write_log(raised) if isinstance(raised, Exception) else None
            _say(record.getMessage() + (f"。详情写在 {log}。" if log else ""))

    logger = logging.getLogger("rectiflow")
    if not logger.handlers:
        logger.addHandler(Heard(logging.WARNING))


def tell_error(error: RectiflowError) -> None:
    """Say why something was refused or failed; several reasons each on a line."""
    _say(describe(error))


def describe_any(error: Exception) -> str:
    """Return a sentence for whatever went wrong, without a traceback."""
    return _sentence(error)


def describe(error: RectiflowError) -> str:
    """Return the sentence, or the sentence and a line for each reason."""
    from rectiflow.engine.errors import Refused

    if not isinstance(error, Refused):
        return str(error)
    from ._hints import hints

    how = [f"  {line}" for line in hints(error.reasons, photos=error.action in _WITH_PHOTOS)]
    if len(error.reasons) < 2:
        return "\n".join((str(error), *how))
    head = f"{error.number} 不能“{error.action}”：".lstrip()
    return "\n".join((head, *(f"  · {r.message}" for r in error.reasons), *how))


def _sentence(exc: Exception) -> str:
    """Return what to say about what was raised; what nobody foresaw goes into the log."""
    from rectiflow.engine.errors import RectiflowError

    if isinstance(exc, RectiflowError):
        return describe(exc)
    known = _own(exc) or _system(exc)
    if known:
        return known
    log = _write_log(exc)
    hint = f"详情写在 {log}。" if log else ""
    said = _database(exc)
    return f"{said}。{hint}" if said else f"程序出错，没有办成。{hint}请把它交给维护人员。"


def _own(exc: Exception) -> str:
    """Return the message of an exception of ours that is Chinese already."""
    text = str(exc)
    return text if type(exc).__module__.startswith("rectiflow.") and not text.isascii() else ""


def _system(exc: Exception) -> str:
    from rectiflow.engine.errors import os_reason

    said = os_reason(exc) if isinstance(exc, OSError) else ""
    return "" if said.isascii() else f"{getattr(exc, 'filename', None) or '文件'}：{said}。请检查后再试。"


def _database(exc: Exception) -> str:
    if not any(base.__module__.startswith(_DRIVERS) for base in type(exc).__mro__):
        return ""
    text = str(exc).lower()
    return next((said for part, said in _DATABASE if part in text), "数据库出错，没有写入任何内容")


def _write_log(exc: Exception) -> Path | None:
    """Append the traceback to a log only its owner can read: in the workplace, else in the temporary folder."""
    lines = [
        f"{datetime.now(UTC).isoformat(timespec='seconds')} {sys.argv[1:3]}\n",
        *traceback.format_exception(exc),
        "\n",
    ]
    for folder in _folders():
        try:
            handle = os.open(folder / LOG_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.writelines(lines)
        return folder / LOG_NAME
    return None


def _folders() -> Iterator[Path]:
    from rectiflow._workplace import find_config

    config = find_config()
    if config is not None:
        yield config.parent
    yield Path(tempfile.gettempdir())


def _quiet_pipe() -> int:
    """End without a word when who read our output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _say(text: str) -> None:
    from ._output import warn

    warn(text)
