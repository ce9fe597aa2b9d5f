"""How large a workbook may be. A workbook comes from outside and is not trusted."""

from __future__ import annotations

from msgspec import Struct

MEBIBYTE = 2**20


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds that are checked before anything is unfolded in memory.

    Attributes:
        file_bytes: size of the file.
        rows: number of the last row that holds a value, in any sheet.
        columns: the same for columns.
        unpacked_bytes: size of everything inside an .xlsx once unpacked.
        text_bytes: size of all cell texts together; one shared text may stand in a million cells.
    """

    file_bytes: int = 20 * MEBIBYTE
    rows: int = 50_000
    columns: int = 256
    unpacked_bytes: int = 256 * MEBIBYTE
    text_bytes: int = 512 * MEBIBYTE


class TooLarge(Exception):
    """Say which bound was crossed, in Chinese; the reader of workbooks puts the file's name to it."""


class Corrupt(Exception):
    """Say that the inside of the file contradicts itself."""


class Encrypted(Exception):
    """Say that a password is needed."""


def check_extent(sheet: str, rows: int, columns: int, limits: Limits) -> None:
    """Refuse a sheet (or a file, where the sheet is not known) that reaches too far down or to the right.

    Raises:
        TooLarge: it does.
    """
    place = f"工作表“{sheet}”" if sheet else "内容"
    advice = "若下方或右侧只是遗留的空格、格式，请删除这些行列后另存；否则请拆分成几个文件"
    if rows > limits.rows:
        raise TooLarge(f"{place}写到了第 {rows} 行，超过 {limits.rows} 行的上限；{advice}")
    if columns > limits.columns:
        raise TooLarge(f"{place}写到了第 {columns} 列，超过 {limits.columns} 列的上限；{advice}")
