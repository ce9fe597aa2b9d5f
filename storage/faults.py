"""What a driver says about a database that cannot be used, turned into one clear sentence: what, where, what to do.

Faults of a program (a broken rule, a wrong statement) pass as they are: they are not for people at a desk.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rectiflow.engine.errors import InputUnusable, WorkplaceBusy, WorkplaceError

from .types import UNSTORABLE

__all__ = ["database_errors", "explain", "place_of"]

_AGAIN = "什么也没有写入，请稍后再试"
_LOOK = "请稍后再试，先看看刚才那一步是否已经办成"
_INIT = "请核对地址是不是这个数据库；新的数据库请先运行 rectiflow init"

#: SQLite's primary result codes.
_SQLITE: Mapping[int, tuple[type[WorkplaceError], str]] = {
    sqlite3.SQLITE_BUSY: (WorkplaceBusy, f"正被其他程序占用；{_AGAIN}，或先关掉占用它的程序"),
    sqlite3.SQLITE_LOCKED: (WorkplaceBusy, f"正被其他程序占用；{_AGAIN}，或先关掉占用它的程序"),
    sqlite3.SQLITE_READONLY: (WorkplaceError, "是只读的，什么也没有写入；请检查文件和所在文件夹的写权限"),
    sqlite3.SQLITE_FULL: (WorkplaceError, "所在的磁盘已满，什么也没有写入；请清理磁盘后重试"),
    sqlite3.SQLITE_IOERR: (WorkplaceError, "读写出错；请检查磁盘和网络文件夹，先备份这个文件，再运行 rectiflow doctor"),
    sqlite3.SQLITE_CORRUPT: (WorkplaceError, "的内容已损坏；请不要再写入，用最近的备份恢复"),
    sqlite3.SQLITE_NOTADB: (WorkplaceError, "不是数据库文件；请核对地址"),
    sqlite3.SQLITE_PERM: (WorkplaceError, "没有访问权限；请检查文件权限"),
    sqlite3.SQLITE_AUTH: (WorkplaceError, "没有访问权限；请检查文件权限"),
}

#: PostgreSQL's SQLSTATEs; two characters stand for a class.
_POSTGRES: Mapping[str, tuple[type[WorkplaceError], str]] = {
    "08": (WorkplaceBusy, f"的连接断了；{_LOOK}"),
    "25006": (WorkplaceError, "是只读的（备用服务器），什么也没有写入；请改用主服务器的地址"),
    "28": (WorkplaceError, "的用户名或口令不对，或不允许从本机登录；请核对后重试"),
    "3D000": (WorkplaceError, "不存在；请先在服务器上建立这个数据库，或核对库名"),
    "3F000": (WorkplaceError, "里没有可用的模式（schema）；请让数据库管理员授予权限，或核对地址里的 search_path"),
    "40001": (WorkplaceBusy, f"正忙（与别的操作冲突）；{_AGAIN}"),
    "40P01": (WorkplaceBusy, f"正忙（与别的操作互相等待）；{_AGAIN}"),
    "42501": (WorkplaceError, "不允许这个用户这样做；请让数据库管理员授予权限"),
    "42P01": (WorkplaceError, f"里没有所需的数据表；{_INIT}"),
    "53100": (WorkplaceError, "所在的磁盘已满，什么也没有写入；请清理磁盘后重试"),
    "53300": (WorkplaceBusy, f"的连接已用满；{_AGAIN}，或请管理员调高连接数"),
    "53": (WorkplaceBusy, f"资源不足；{_AGAIN}"),
    "55P03": (WorkplaceBusy, f"正被其他程序占用；{_AGAIN}"),
    "57014": (WorkplaceBusy, f"用时太长，被服务器中止；{_AGAIN}"),
    "57": (WorkplaceBusy, f"的服务器正在停止或启动；{_LOOK}"),
    "58": (WorkplaceError, "的服务器读写出错；请联系数据库管理员"),
    "XX001": (WorkplaceError, "的内容已损坏；请不要再写入，联系数据库管理员"),
    "XX002": (WorkplaceError, "的内容已损坏；请不要再写入，联系数据库管理员"),
}

_UNSTORABLE = ("22021", "22P05")  #: not of the encoding, not to be had as text

#: While connecting there is no SQLSTATE, only what the server or the network says.
_CONNECTING = (
    (re.compile(r"password|authentication|pg_hba|role .* does not exist", re.IGNORECASE), "28"),
    (re.compile(r"database .* does not exist", re.IGNORECASE), "3D000"),
    (re.compile(r"too many (clients|connections)|connection slots", re.IGNORECASE), "53300"),
    (re.compile(r"starting up|shutting down|recovery mode", re.IGNORECASE), "57P03"),
)
_LOST = re.compile(r"connection is (closed|lost)|server closed the connection|consuming input failed", re.IGNORECASE)


@contextmanager
def database_errors(url: URL) -> Generator[None]:
    """Raise a clear WorkplaceError for what the driver says about the database at `url`; let everything else pass."""
    try:
        yield
    except Exception as exc:
        explain(exc, url)
        raise


def explain(exc: Exception, url: URL) -> None:
    """Raise the WorkplaceError that an exception amounts to; return when it is none of the database's.

    Raises:
        WorkplaceError: the database cannot be used; WorkplaceBusy when trying again may help.
        InputUnusable: something handed in cannot be kept as text.
    """
    fault = exc.orig if isinstance(exc, DBAPIError) else exc
    if isinstance(fault, UnicodeEncodeError) or _is_unstorable(fault):
        raise InputUnusable(UNSTORABLE) from exc
    told: WorkplaceError | None = None
    if isinstance(fault, sqlite3.Error):
        told = _of_sqlite(fault, url)
    elif isinstance(fault, PoolTimeout):
        told = WorkplaceBusy(f"{place_of(url)}的连接已用满；{_AGAIN}。")
    elif fault is not None and type(fault).__module__.startswith("psycopg"):
        told = _of_postgres(fault, url)
    if told is not None:
        raise told from exc


def place_of(url: URL) -> str:
    """Name a database for a person: the file, or the server and the database; never a password."""
    if url.get_backend_name() == "sqlite":
        return f"数据库“{_file(url)}”" if _file(url) else "内存数据库"
    host = url.host or url.query.get("host") or "本机"
    port = f":{url.port}" if url.port else ""
    user = f"{url.username}@" if url.username else ""
    return f"数据库“{user}{host}{port}/{url.database or url.username or ''}”"


def _of_sqlite(fault: sqlite3.Error, url: URL) -> WorkplaceError | None:
    code = getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SQLITE:
        kind, said = _SQLITE[code]
        return kind(f"{place_of(url)}{said}。")
    if code == sqlite3.SQLITE_CANTOPEN:
        return WorkplaceError(f"{place_of(url)}打不开：{_unopenable(Path(_file(url)))}。")
    if "no such table" in str(fault):
        return WorkplaceError(f"{place_of(url)}里没有所需的数据表；{_INIT}。")
    return None


def _unopenable(file: Path) -> str:
    if file.is_dir():
        return "这是一个文件夹；请写明文件名"
    if not file.parent.is_dir():
        return f"没有文件夹“{file.parent}”；请先建立，或核对地址"
    return "没有读写文件或所在文件夹的权限；请检查权限"


def _is_unstorable(fault: BaseException | None) -> bool:
    """Tell whether PostgreSQL refuses a character; the driver finds some itself, without an SQLSTATE."""
    state = getattr(fault, "sqlstate", None)
    return type(fault).__module__.startswith("psycopg") and (state in _UNSTORABLE or "NUL (0x00)" in str(fault))


def _of_postgres(fault: BaseException, url: URL) -> WorkplaceError | None:
    from psycopg import InterfaceError, OperationalError

    state: str = getattr(fault, "sqlstate", None) or ""
    words = str(fault).strip()
    if not state and isinstance(fault, OperationalError | InterfaceError):
        state = next((s for pattern, s in _CONNECTING if pattern.search(words)), "08" if _LOST.search(words) else "")
    kind, said = _POSTGRES.get(state) or _POSTGRES.get(state[:2]) or (WorkplaceError, "")
    if said:
        return kind(f"{place_of(url)}{said}。")
    if isinstance(fault, OperationalError | InterfaceError):
        reason = words.splitlines()[0] if words else type(fault).__name__
        return WorkplaceBusy(f"{place_of(url)}连不上；请核对地址，看服务器和网络是否正常。（{reason}）")
    return None


def _file(url: URL) -> str:
    name = (url.database or "").removeprefix("file:")
    return "" if name in ("", ":memory:") else str(Path(name).absolute())
