from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rectiflow.intake import read_ledger
from rectiflow.reports import COLUMNS, write_ledger

CUTOFF = datetime(2024, 11, 30, 16, tzinfo=UTC)
FULL: dict[str, object] = {
    "number": "LZH-2024-000001",
    "found_on": date(2024, 11, 4),
    "inspecting_unit": "示例镇中心学校",
    "inspectors": "安全办主任、安全员",
    "method": "联合检查",
    "unit": "示例镇第一小学",
    "place": "教学楼二楼",
    "category": "消防安全",
    "description": "=疏散通道堆放课桌椅\n且应急灯损坏",
    "basis": "《中华人民共和国消防法》第十六条",
    "severity": "重大",
    "measures": "清理通道，更换灯具",
    "responsible_unit": "示例镇第一小学",
    "responsible_person": "总务主任",
    "phone": "13800000000",
    "leader": "分管副局长",
    "funds": Decimal("1.25"),
    "due_on": date(2024, 11, 20),
    "interim": "专人值守",
    "progress": "已整改",
    "completed_on": date(2024, 11, 15),
    "verifier": "安全办主任",
    "verified_on": date(2024, 11, 18),
    "verdict": "合格",
    "overdue": False,
    "extended": "延期1次",
    "listed_level": "区级",
    "closed_on": date(2024, 11, 19),
    "closer": "安全股股长",
    "state": "已销号",
    "carried": "结转到2025年",
    "remarks": "已报分管领导",
    "rev": 7,
}
#: Where what is read differs in kind from what was written.
READ_AS: dict[str, object] = {
    "inspectors": ("安全办主任", "安全员"),
    "severity": "major",
    "verdict": "pass",
    "listed_level": "district",
}
#: Never read back: they are derived.
DERIVED = {"overdue", "state", "carried"}
BARE: dict[str, object] = {
    "number": "LZH-2024-000002",
    "found_on": date(2024, 11, 5),
    "unit": "湖东镇中心小学",
    "description": "校门口无防撞设施",
}


def _told(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None and value is not False}


@pytest.mark.parametrize(("ending", "guard"), [(".xlsx", ""), (".csv", "'")])
def test_exported_ledger_is_read_back(ending: str, guard: str, tmp_path: Path) -> None:
    """What was exported is read back cell by cell.

    In CSV the apostrophe that keeps a formula from running stays with the text.
    """
    path = tmp_path / f"台账{ending}"
    assert write_ledger([BARE, FULL], path, title="示例区校园安全隐患台账", cutoff=CUTOFF, filters_text="") == 2
    ledger = read_ledger(path)
    assert (ledger.problems, ledger.skipped) == ((), ())
    bare, full = ledger.rows
    assert _told(bare.values) == BARE
    read_as = FULL | READ_AS | {"description": f"{guard}{FULL['description']}"}
    keys = [column.key for column in COLUMNS if column.key not in DERIVED]
    assert {key: full.values[key] for key in keys} == {key: read_as[key] for key in keys}


def test_an_empty_cell_of_the_workbook_stays_empty(tmp_path: Path) -> None:
    """A row with little in it takes nothing from the full row above it."""
    path = tmp_path / "台账.xlsx"
    write_ledger([FULL, BARE], path, title="示例区校园安全隐患台账", cutoff=CUTOFF, filters_text="全部单位")
    assert _told(read_ledger(path).rows[1].values) == BARE
