"""The container of the old binary formats."""

from __future__ import annotations

import importlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rectiflow.intake._compound import inspect_workbook_stream, read_streams
from rectiflow.intake.limits import Corrupt, Limits

if TYPE_CHECKING:
    from unit.intake.conftest import WriteXlsx

BEGIN = struct.pack("<HH", 0x809, 16) + bytes(16)


@pytest.mark.parametrize("size", [4096, 5000, 65_536, 8_000_000])
def test_a_stream_of_any_size_reads_back(tmp_path: Path, size: int) -> None:
    """Also one so long that the tables of the container need tables of their own (from 7 MB on)."""
    compound: Any = importlib.import_module("xlwt.CompoundDoc")
    stream = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    path = tmp_path / "a.xls"
    compound.XlsDoc().save(str(path), stream[:size])
    assert read_streams(path.read_bytes())["Workbook"][:size] == stream[:size]


def test_short_streams(write_xlsx: WriteXlsx, lock_xlsx: Callable[[Path], Path]) -> None:
    """Short streams lie in small sectors of their own."""
    streams = read_streams(lock_xlsx(write_xlsx({"台账": [["序号"]]})).read_bytes())
    assert streams["EncryptionInfo"].startswith(b"\x04\x00\x04\x00@\x00\x00\x00<?xml")
    assert len(streams["EncryptedPackage"]) > 4096


@pytest.mark.parametrize(
    "records",
    [
        b"",
        struct.pack("<HH", 0x809, 99),  # longer than the stream
        BEGIN + struct.pack("<HHH", 0x203, 2, 1),  # a number without its place
        BEGIN + struct.pack("<HHH", 0x200, 2, 1),  # a size of no known length
        BEGIN + struct.pack("<HHIIHHH", 0x200, 14, 0, 4_000_000_000, 0, 2, 0),  # four thousand million rows
        BEGIN + struct.pack("<HHIIHHH", 0x200, 14, 9, 2, 0, 2, 0),  # ends before it begins
        BEGIN + struct.pack("<HHHHHHH", 0x200, 10, 0, 2, 9, 2, 0),
    ],
)
def test_records_that_contradict_themselves(records: bytes) -> None:
    """They are refused before the reader of workbooks reserves memory by them."""
    with pytest.raises(Corrupt):
        inspect_workbook_stream({"Workbook": records}, Limits())


@pytest.mark.parametrize(("place", "value"), [(0x1E, 0xFFFF), (0x30, 0x00FFFFFF), (0x4C, 0x00FFFFFF)])
def test_a_damaged_container(write_xls: Callable[..., Path], place: int, value: int) -> None:
    """A sector size that does not exist, and sectors outside the file."""
    data = bytearray(write_xls([["序号"]]).read_bytes())
    struct.pack_into("<I", data, place, value)
    with pytest.raises(Corrupt):
        read_streams(bytes(data))


def test_a_chain_in_a_circle(write_xls: Callable[..., Path]) -> None:
    """A table whose entries all lead to themselves ends in a refusal, not in a loop."""
    data = bytearray(write_xls([["序号"]]).read_bytes())
    table = (struct.unpack_from("<I", data, 0x4C)[0] + 1) * 512
    for number in range(128):
        struct.pack_into("<I", data, table + 4 * number, number)
    with pytest.raises(Corrupt):
        read_streams(bytes(data))
