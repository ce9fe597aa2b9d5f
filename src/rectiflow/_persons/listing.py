"""The list of what was handed over, as a file fit to print and to be signed by both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.moments import ZONE

from .passing import KINDS, Passing, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HANDOVER_COLUMNS", "Listed", "check_listing", "write_listing"]

#: key, title, width in digits of the default font
HANDOVER_COLUMNS = (
    ("serial", "序号", 5.0),
    ("kind", "事项", 8.0),
    ("number", "隐患编号", 16.0),
    ("unit", "责任单位", 20.0),
    ("title", "内容", 36.0),
    ("state", "当前环节", 12.0),
    ("role", "承担的职责", 14.0),
    ("due_on", "时限", 11.0),
)
_ENDINGS = (".xlsx", ".csv", ".html")


class Listed(Struct, frozen=True, kw_only=True):
    """What stands above and below the list: who hands over, who takes over, who is present."""

    title: str
    said: str
    signers: tuple[str, ...] = ("移交人", "接收人", "监交人")


def check_listing(path: Path, *, force: bool = False) -> None:
    """Refuse a file that could not be written afterwards.

    Raises:
        InputUnusable: an unknown ending, no such folder, or the file is there already.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise InputUnusable(f"{path.name} 的后缀不认识，请写成 {'、'.join(_ENDINGS)} 之一。")
    if not path.parent.is_dir():
        raise InputUnusable(f"没有文件夹 {path.parent}，请先建好或换一个。")
    if path.exists() and not force:
        raise InputUnusable(f"{path} 已经存在，没有覆盖；请换一个文件名。")


def write_listing(path: Path, listed: Listed, found: Sequence[Passing], *, at: datetime) -> None:
    """Write the list as .xlsx, .csv or .html (A4, with lines to sign on).

    Raises:
        FileUnwritable: the file cannot be written.
    """
    rows = [_row(position, p) for position, p in enumerate(found, 1)]
    if path.suffix.lower() == ".html":
        from rectiflow.reports import write_handover_page

        columns = [(key, title) for key, title, _ in HANDOVER_COLUMNS]
        said = f"{listed.said}。共移交：{counted(found)}。"
        write_handover_page(
            path, title=listed.title, said=said, columns=columns, rows=rows, signers=listed.signers, at=at
        )
        return
    from rectiflow.reports import LedgerColumn, write_ledger

    columns_wide = [LedgerColumn(key=key, title=title, width=width) for key, title, width in HANDOVER_COLUMNS]
    write_ledger(
        rows,
        path,
        title=listed.title,
        cutoff=at,
        filters_text=listed.said,
        columns=columns_wide,
        zone=ZONE,
        label="交接",
        sheet_name="交接清单",
    )


def _row(position: int, found: Passing) -> Mapping[str, str | int | date | None]:
    return {
        "serial": position,
        "kind": KINDS[found.kind],
        "number": found.number,
        "unit": found.unit,
        "title": found.title,
        "state": found.state,
        "role": found.role,
        "due_on": found.due_on,
    }
