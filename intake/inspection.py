"""Visits and their findings from a workbook: one row a finding; a visit without findings is one row that says so."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import cast

from msgspec import Struct

from ._body import Body, BodyRules
from ._draft import Draft, Unfit
from ._header import Column, Header, Titles, find_header
from .dates import Deadline, parse_date, parse_deadline
from .errors import DateUnreadable, InspectionUnusable
from .limits import Limits
from .problems import RowProblem, SkippedRow
from .text import Cell, cell_text, match_key, split_names
from .workbook import Sheet, open_sheets

__all__ = ["BrokenRow", "FindingRow", "InspectionFile", "read_inspections"]


def _column(key: str, title: str, synonyms: str = "", *, needed: bool = False) -> Column:
    return Column(key=key, title=title, synonyms=tuple(synonyms.split()), needed=needed)


TITLES = Titles(
    (
        _column("serial", "序号", "序 号 NO"),
        _column("visited_on", "检查日期", "日期 排查日期 检查时间", needed=True),
        _column("unit", "受检单位", "单位 单位名称 被检查单位 学校 学校名称 学校（单位）", needed=True),
        _column("method", "检查方式", "方式 排查方式 检查类型"),
        _column("inspectors", "检查人", "检查人员 排查人 检查组成员", needed=True),
        _column("partners", "联合单位", "联合检查单位 参加单位 配合单位"),
        _column("place", "隐患部位", "部位 位置 地点"),
        _column("description", "隐患描述", "隐患 存在问题 问题 发现的问题 隐患内容", needed=True),
        _column("category", "类别", "隐患类别 分类"),
        _column("severity", "等级", "隐患等级 级别"),
        _column("basis", "判定依据", "依据"),
        _column("outcome", "处理", "处理方式 处置 处置方式"),
        _column("measures", "整改措施", "整改要求 措施 整改建议"),
        _column("person", "整改责任人", "责任人"),
        _column("due_on", "整改时限", "时限 整改期限 完成时限 期限"),
        _column("files", "佐证文件", "照片 整改后照片 佐证材料 附件"),
        _column("linked_to", "关联编号", "并入编号 反弹自 原隐患编号"),
        _column("signed_by", "签字人", "受检单位签字 零报告签字 签字"),
        _column("remarks", "说明", "备注"),
    ),
    repeated=frozenset({"serial", "remarks"}),
)
_CARRIED = frozenset({"visited_on", "unit", "method", "inspectors", "partners", "signed_by"})
_OUTCOMES = {"登记": "opened", "整改": "opened", "限期整改": "opened", "交办": "opened", "当场整改": "on_spot",
             "立即整改": "on_spot", "自查自改": "self_fix", "已整改": "self_fix", "并入": "merged"}  # fmt: skip
_NONE = frozenset(map(match_key, ("无", "无隐患", "未发现", "未发现隐患", "未发现问题", "零报告", "零")))
_FEWEST = 3


class FindingRow(Struct, frozen=True, kw_only=True):
    """One finding with the visit it belongs to, as written; `description` "" is a visit that found nothing.

    `columns` are the letters of the columns by id, to say where a value stands that is refused later.
    """

    row: int
    visited_on: dt.date
    unit: str
    method: str
    inspectors: tuple[str, ...]
    partners: tuple[str, ...]
    signed_by: str
    place: str
    description: str
    category: str
    severity: str
    basis: str
    outcome: str  #: opened | on_spot | self_fix | merged
    measures: str
    person: str
    due_on: dt.date | None
    linked_to: str
    files: tuple[str, ...]  #: names of files that lie beside the workbook
    remarks: str
    columns: dict[str, str]


class BrokenRow(Struct, frozen=True, kw_only=True):
    """What a row that has problems says of its visit; None where that is what cannot be read."""

    row: int
    visited_on: dt.date | None
    unit: str | None
    method: str | None
    inspectors: tuple[str, ...] | None

    def may_be_of(self, row: FindingRow) -> bool:
        """Tell whether it can be of the same visit as a good row."""
        pairs = (
            (self.visited_on, row.visited_on),
            (self.unit, row.unit),
            (self.method, row.method),
            (self.inspectors, row.inspectors),
        )
        return all(own is None or own == other for own, other in pairs)


class InspectionFile(Struct, frozen=True, kw_only=True):
    """A workbook of visits as read: good rows, the others with all their problems, and rows that are no data."""

    path: Path
    rows: tuple[FindingRow, ...]
    broken: tuple[BrokenRow, ...]
    problems: tuple[RowProblem, ...]
    skipped: tuple[SkippedRow, ...]


def read_inspections(path: str | Path, *, limits: Limits | None = None) -> InspectionFile:
    """Read visits and findings from the first sheet that has the columns.

    Raises:
        WorkbookUnreadable: the file cannot be read at all.
        InspectionUnusable: no sheet has the needed columns.
    """
    file = Path(path)
    sheet, header = _sheet(file, open_sheets(file, limits=limits))
    anchors = tuple(k for k in header.by_key if k not in ("description", "serial", "remarks"))
    rules = BodyRules(main="description", anchors=anchors, serial=frozenset({"serial"}), carried=_CARRIED)
    body = Body(sheet, header, rules)
    drafts: list[Draft] = []
    for row in body.rows():
        draft = Draft(sheet=sheet.name, body=row, columns=header.by_key)
        _read(draft)
        drafts.append(draft)
    return InspectionFile(
        path=file,
        rows=tuple(_row(d) for d in drafts if not d.problems),
        broken=tuple(_broken(d) for d in drafts if d.problems),
        problems=tuple(p for d in drafts for p in d.problems),
        skipped=tuple(body.skipped),
    )


def _sheet(file: Path, sheets: tuple[Sheet, ...]) -> tuple[Sheet, Header]:
    reasons: list[str] = []
    for sheet in (s for s in sheets if not s.hidden and not s.blank):
        header = find_header(sheet, TITLES, fewest=_FEWEST)
        missing = [c.title for c in TITLES.columns if c.needed and (header is None or c.key not in header.by_key)]
        if header is not None and not missing:
            return sheet, header
        found = f"；找到的是{header.describe()}" if header else ""
        reasons.append(f"工作表“{sheet.name}”缺少必需的列：{'、'.join(missing)}{found}")
    raise InspectionUnusable(file, tuple(reasons or ("没有有内容的工作表",)))


def _read(draft: Draft) -> None:
    for key in (
        "unit",
        "method",
        "place",
        "category",
        "severity",
        "basis",
        "measures",
        "person",
        "linked_to",
        "signed_by",
        "remarks",
    ):
        draft.read(key, _line)
    draft.read("description", _line)
    draft.read("visited_on", _date)
    draft.read("due_on", _deadline)
    draft.read("outcome", _outcome)
    draft.read("inspectors", _names)
    draft.read("files", _files)
    draft.read("partners", _names)
    for key, title in (("visited_on", "检查日期"), ("unit", "受检单位"), ("inspectors", "检查人")):
        draft.require(key, title)


def _row(draft: Draft) -> FindingRow:
    said = draft.values

    def text(key: str) -> str:
        value = said.get(key)
        return value if isinstance(value, str) else ""

    def names(key: str) -> tuple[str, ...]:
        value = said.get(key)
        return cast("tuple[str, ...]", value) if isinstance(value, tuple) else ()

    description = text("description")
    nothing = match_key(description) in _NONE
    visited_on, due_on = said.get("visited_on"), said.get("due_on")
    assert isinstance(visited_on, dt.date)
    return FindingRow(
        row=draft.body.row,
        visited_on=visited_on,
        unit=text("unit"),
        method=text("method"),
        inspectors=names("inspectors"),
        partners=names("partners"),
        signed_by=text("signed_by"),
        place=text("place"),
        description="" if nothing else description,
        category=text("category"),
        severity=text("severity"),
        basis=text("basis"),
        outcome=text("outcome") or "opened",
        measures=text("measures"),
        person=text("person"),
        due_on=due_on if isinstance(due_on, dt.date) else None,
        linked_to=text("linked_to"),
        files=names("files"),
        remarks=text("remarks"),
        columns={key: place.letter for key, place in draft.columns.items()},
    )


def _broken(draft: Draft) -> BrokenRow:
    unread = {p.column for p in draft.problems}
    said = {k: draft.values.get(k) for k, place in draft.columns.items() if place.letter not in unread}
    visited_on, unit, inspectors = said.get("visited_on"), said.get("unit"), said.get("inspectors")
    method = said.get("method") or ("" if "method" in said or "method" not in draft.columns else None)
    return BrokenRow(
        row=draft.body.row,
        visited_on=visited_on if isinstance(visited_on, dt.date) else None,
        unit=unit if isinstance(unit, str) else None,
        method=method if isinstance(method, str) else None,
        inspectors=cast("tuple[str, ...]", inspectors) if isinstance(inspectors, tuple) else None,
    )


def _line(cell: Cell, _warn: object) -> str:
    return " ".join(cell_text(cell).split())


def _names(cell: Cell, _warn: object) -> tuple[str, ...]:
    return split_names(cell_text(cell))


def _files(cell: Cell, _warn: object) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in re.split(r"[，,、;；\n]+", cell_text(cell)))))


def _outcome(cell: Cell, _warn: object) -> str:
    written = "".join(cell_text(cell).split())
    found = _OUTCOMES.get(written)
    if found is None:
        raise Unfit(f"处理“{written}”不认识，可写：登记、当场整改、自查自改、并入")
    return found


def _date(cell: Cell, _warn: object) -> dt.date:
    try:
        return parse_date(cell).date
    except DateUnreadable as problem:
        raise Unfit(str(problem)) from problem


def _deadline(cell: Cell, _warn: object) -> dt.date | None:
    try:
        found = parse_deadline(cell)
    except DateUnreadable as problem:
        raise Unfit(str(problem)) from problem
    return None if isinstance(found, Deadline) else found.date
