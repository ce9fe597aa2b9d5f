"""A look inside an .xls before it is read: whole, unencrypted, and not reaching too far.

An .xls is an OLE2 compound file (MS-CFB): sectors chained by an allocation table, a directory, and one stream with
the records of the workbook (MS-XLS). Only what is needed to find that stream and to walk its records is here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .limits import Corrupt, Encrypted, Limits, check_extent

SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")

_LAST_REGULAR_SECTOR = 0xFFFFFFFA
_NO_SECTOR = 0xFFFFFFFF
_HEADER_TABLE_ENTRIES = 109
_DIRECTORY_ENTRY_BYTES = 128
_STORAGE_ROOT = 5
_STREAM = 2
_FILE_PASS = 0x002F
_CELL_RECORDS = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x00FD, 0x027E, 0x00D6})
_MULTIPLE_NUMBERS = 0x00BD
_DIMENSIONS = 0x0200
_MOST_ROWS, _MOST_COLUMNS = 65_536, 256
_PLACE_BYTES = 4  # row and column, at the beginning of every cell record


def read_streams(data: bytes) -> dict[str, bytes]:
    """Give the streams of a compound file by name.

    Raises:
        Corrupt: a chain leads nowhere, in a circle, or out of the file.
    """
    try:
        return _CompoundFile(data).streams()
    except (struct.error, IndexError, UnicodeDecodeError) as problem:
        raise Corrupt(str(problem)) from problem


def inspect_workbook_stream(streams: dict[str, bytes], limits: Limits) -> None:
    """Check the records of an .xls against the limits.

    Raises:
        Corrupt: there is no workbook in it, or a record is cut off.
        Encrypted: it needs a password.
        TooLarge: a sheet reaches too far.
    """
    if "EncryptedPackage" in streams:
        raise Encrypted
    stream = streams.get("Workbook") or streams.get("Book")
    if not stream:
        raise Corrupt("no workbook stream")
    rows = columns = 0
    for kind, body in _records(stream):
        if kind == _FILE_PASS:
            raise Encrypted
        if kind == _DIMENSIONS:
            _check_dimensions(body)
        if kind in _CELL_RECORDS or kind == _MULTIPLE_NUMBERS:
            if len(body) < _PLACE_BYTES:
                raise Corrupt("cell record cut off")
            row, column = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind == _MULTIPLE_NUMBERS else column
            rows, columns = max(rows, row + 1), max(columns, column + 1, last + 1)
    check_extent("", rows, columns, limits)


def _check_dimensions(body: bytes) -> None:
    """Refuse a declared size that no .xls has; the reader of workbooks reserves memory by it."""
    if len(body) not in (10, 14):
        raise Corrupt("dimensions")
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH" if len(body) == 14 else "<HHHH", body)
    if not (first_row <= last_row <= _MOST_ROWS and first_column <= last_column <= _MOST_COLUMNS):
        raise Corrupt("dimensions")


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk the records; zeros after the last one are padding of the sector."""
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind == 0 and size == 0:
            return
        if place + 4 + size > len(stream):
            raise Corrupt("record cut off")
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


class _CompoundFile:
    """The sectors of a compound file and the tables that chain them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        sector_shift, mini_shift = struct.unpack_from("<HH", data, 0x1E)
        if sector_shift not in (9, 12) or mini_shift != 6:
            raise Corrupt("sector size")
        self._size = 1 << sector_shift
        self._mini_size = 1 << mini_shift
        self._directory_start = struct.unpack_from("<I", data, 0x30)[0]
        self._mini_cutoff, self._mini_table_start = struct.unpack_from("<II", data, 0x38)
        self._table = self._read_table()

    def streams(self) -> dict[str, bytes]:
        entries = list(self._entries())
        mini_table = _numbers(self._chain(self._mini_table_start))
        root = next((self._chain(start) for kind, _, start, _ in entries if kind == _STORAGE_ROOT), b"")
        streams: dict[str, bytes] = {}
        for kind, name, start, size in entries:
            if kind == _STREAM:
                small = size < self._mini_cutoff
                whole = self._mini_chain(root, mini_table, start) if small else self._chain(start)
                if size > len(whole) + self._size:
                    raise Corrupt("stream cut off")
                streams[name] = whole[:size]
        return streams

    def _sector(self, number: int) -> bytes:
        offset = (number + 1) * self._size
        if offset >= len(self._data):
            raise Corrupt("sector outside the file")
        return self._data[offset : offset + self._size]

    def _read_table(self) -> list[int]:
        """Read the allocation table; its own sectors are listed in the header and in a chain of further lists."""
        sectors = list(struct.unpack_from(f"<{_HEADER_TABLE_ENTRIES}I", self._data, 0x4C))
        following, seen = struct.unpack_from("<I", self._data, 0x44)[0], set[int]()
        while following < _LAST_REGULAR_SECTOR and following not in seen:
            seen.add(following)
            *more, following = _numbers(self._sector(following))
            sectors.extend(more)
        return _numbers(b"".join(self._sector(number) for number in sectors if number < _LAST_REGULAR_SECTOR))

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _follow(self._table, start))

    def _mini_chain(self, root: bytes, table: list[int], start: int) -> bytes:
        size = self._mini_size
        return b"".join(root[number * size : (number + 1) * size] for number in _follow(table, start))

    def _entries(self) -> Iterator[tuple[int, str, int, int]]:
        directory = self._chain(self._directory_start)
        for place in range(0, len(directory) - _DIRECTORY_ENTRY_BYTES + 1, _DIRECTORY_ENTRY_BYTES):
            name_bytes, kind = struct.unpack_from("<HB", directory, place + 0x40)
            start, size = struct.unpack_from("<II", directory, place + 0x74)
            name = directory[place : place + max(min(name_bytes, 64) - 2, 0)].decode("utf-16-le", "replace")
            yield kind, name, start, size


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack_from(f"<{len(data) // 4}I", data))


def _follow(table: list[int], start: int) -> Iterator[int]:
    number, steps = start, 0
    while number < _LAST_REGULAR_SECTOR:
        if number >= len(table) or steps > len(table):
            raise Corrupt("chain of sectors")
        yield number
        number, steps = table[number], steps + 1
