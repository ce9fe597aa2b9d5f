"""Visits brought in from a workbook: rows become visits, each on record with all its findings or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from rectiflow._visits import Found, Inspected, inspect
from rectiflow.engine.errors import Ambiguous, InputUnusable, NotFound, Reason, RectiflowError, Refused
from rectiflow.engine.hands import LATE_AFTER_DAYS
from rectiflow.engine.visiting import Visit
from rectiflow.engine.vocabulary import METHODS

if TYPE_CHECKING:
    from datetime import date

    from rectiflow._flow import Rectiflow
    from rectiflow.engine.stimulus import Attachment
    from rectiflow.intake import FindingRow

_T = TypeVar("_T")

__all__ = ["VisitImport", "import_visits", "write_visit_form"]

_FIELDS = {
    "place": "place", "description": "description", "category": "category", "basis": "basis", "measures": "measures",
    "person": "responsible_person", "due_on": "due_on", "unit": "responsible_unit", "linked_to": "merged_into",
}  # fmt: skip
_COLUMN_OF = {**{v: k for k, v in _FIELDS.items()}, "unit": "unit", "on": "visited_on", "found_on": "visited_on", "method": "method",
              "inspectors": "inspectors", "partners": "partners", "signed_by": "signed_by", "evidence": "files"}  # fmt: skip


class VisitImport(Struct, frozen=True, kw_only=True):
    """What came of a workbook: the visits on record, those known before, and every problem by row and column."""

    done: tuple[Inspected, ...]
    known: tuple[str, ...]
    problems: tuple[str, ...]
    rows: int


def import_visits(
    flow: Rectiflow,
    path: Path,
    *,
    by: str,
    account: str = "",
    note: str = "",
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> VisitImport:
    """Put the visits of a workbook on record, each in a transaction of its own; the same file again brings nothing.

    A visit with a row that cannot be read is left out whole, so that the corrected file does not bring it twice.

    Args:
        by: who enters it.
        note: why it is entered late, where a row does not say it itself.

    Raises:
        IntakeError: the workbook cannot be used at all.
    """
    from rectiflow.intake import read_inspections

    file = read_inspections(path)
    problems = [str(p) for p in file.problems]
    done: list[Inspected] = []
    known: list[str] = []
    groups = [list(rows) for _, rows in groupby(file.rows, key=_same_visit)]
    for count, rows in enumerate(groups, start=1):
        whole = not any(b.may_be_of(rows[0]) for b in file.broken)
        try:
            reader = partial(_read, flow, rows, by, account, note, path.parent)
            came = inspect(flow, *reader(keep=False), dry_run=True)  # refused: no file is kept
            if whole and not dry_run:
                came = inspect(flow, *reader(keep=True))
        except RectiflowError as exc:
            problems += _said(rows, exc, whole=whole)
            came = None
        if came is not None and whole:
            known += [came.number] if came.known else []
            done += [] if came.known else [came]
        progress(count, len(groups))
    return VisitImport(done=tuple(done), known=tuple(known), problems=tuple(problems), rows=len(file.rows))


def write_visit_form(path: Path, categories: Sequence[str] = ()) -> Path:
    """Write an empty workbook to fill in: one row a finding, a visit without findings says 无.

    Args:
        categories: what may stand under 类别, to choose from.

    Raises:
        FileUnwritable: the file cannot be written.
    """
    from rectiflow.reports import write_form

    headings = (
        ("检查日期", 12), ("受检单位", 22), ("检查方式", 12), ("检查人", 18), ("联合单位", 16), ("部位", 14), ("隐患描述", 40),
        ("类别", 14), ("处理", 10), ("整改措施", 26), ("佐证文件", 16), ("整改责任人", 14), ("整改时限", 12), ("签字人", 12), ("说明", 16),
    )  # fmt: skip
    lists = {
        "检查方式": tuple(METHODS.values()),
        "处理": ("登记", "当场整改", "自查自改", "并入"),
        "类别": tuple(categories),
    }
    lists = {title: choices for title, choices in lists.items() if choices}
    notes = (
        "一行一条隐患；同一次检查的日期、单位、方式、检查人可合并单元格，或写“同上”。",
        "没有发现隐患的，隐患描述写“无”，并写受检单位签字人（零报告）。",
        "当场整改、自查自改的，写整改措施；照片放在本表旁边，“佐证文件”写文件名，几个用顿号隔开。",
        f"检查日期早于今天 {LATE_AFTER_DAYS} 天以上的，说明里写补录原因。",
    )
    return write_form(path, title="检查记录", headings=headings, lists=lists, notes=notes)


def _same_visit(row: FindingRow) -> tuple[date, str, str, tuple[str, ...]]:
    return row.visited_on, row.unit, row.method, row.inspectors


def _read(
    flow: Rectiflow, rows: Sequence[FindingRow], by: str, account: str, note: str, folder: Path, *, keep: bool
) -> tuple[Visit, list[Found]]:
    first, directory = rows[0], flow.directory()
    reasons: list[Reason] = []

    def sought(subject: str, find: Callable[[], _T], where: str = "") -> _T | None:
        try:
            return find()
        except (NotFound, Ambiguous, InputUnusable) as exc:
            reasons.append(
                Reason(
                    code="not_found",
                    subject="evidence" if isinstance(exc, InputUnusable) else subject,
                    message=f"{where}{str(exc).rstrip('。')}",
                )
            )
            return None

    unit = sought("unit", lambda: directory.find_unit(first.unit).id) or ""
    signer = next((r.signed_by for r in rows if r.signed_by), "")
    signed_by = sought("signed_by", lambda: _signer(flow, signer, unit)) if unit else None
    inspectors = sought("inspectors", lambda: tuple(_person(flow, name) for name in first.inspectors)) or ()
    with_text = enumerate((r for r in rows if r.description), start=1)
    found = [
        sought("merged_into", partial(_found, flow, r, folder, keep=keep), f"第 {place} 条：") for place, r in with_text
    ]
    if reasons:
        raise Refused("", "检查记录", reasons)
    said = next((r.remarks for r in rows if r.remarks), "") or note
    hand = flow.hand(by, on=first.visited_on, note=said, account=account)
    visit = Visit(
        district=flow.district,
        unit=unit,
        on=first.visited_on,
        method=_method(first.method),
        inspectors=inspectors,
        partners=tuple(dict.fromkeys(p for r in rows for p in r.partners)),
        signed_by=signed_by,
        note=said,
        key=_key(unit, rows),
        hand=hand,
        entered_at=flow.now(),
    )
    return visit, [f for f in found if f is not None]


def _found(flow: Rectiflow, row: FindingRow, folder: Path, *, keep: bool) -> Found:
    said: dict[str, Any] = {
        "place": row.place, "description": row.description, "category": row.category or "other", "basis": row.basis,
        "measures": row.measures, "responsible_person": row.person, "due_on": row.due_on, "remarks": row.remarks,
    }  # fmt: skip
    linked = flow.find(row.linked_to) if row.linked_to else None
    given = {"measures": row.measures} if row.outcome in ("on_spot", "self_fix") and row.measures else {}
    workflow = "major_hazard" if row.severity.startswith("重大") else "hazard"
    data = {k: v for k, v in said.items() if v}
    files = _files(flow, row.files, folder, keep=keep)
    return Found(data=data, outcome=row.outcome, given=given, evidence=files, linked_to=linked, workflow=workflow)


def _files(flow: Rectiflow, names: Sequence[str], folder: Path, *, keep: bool) -> tuple[Attachment, ...]:
    """Take the files a row names; only those that lie beside the workbook, or in folders there.

    Raises:
        InputUnusable: one lies elsewhere, or cannot be used.
    """
    from rectiflow._views import attach

    home = folder.resolve()
    paths = [(home / name).resolve() for name in names]
    outside = [n for n, p in zip(names, paths, strict=True) if not p.is_relative_to(home)]
    if outside:
        raise InputUnusable(f"{'、'.join(outside)} 不在本表所在的文件夹里，请把文件放到表的旁边。")
    return attach(flow, paths, keep=keep) if paths else ()


def _method(text: str) -> str:
    fitting = [k for k, title in METHODS.items() if text in (k, title) or (text and title.startswith(text))]
    return fitting[0] if fitting else text or "district"


def _person(flow: Rectiflow, name: str) -> str:
    """Return a person's id where the name is known, else the name: experts and partners come from outside."""
    try:
        return flow.directory().find_person(name).id
    except NotFound:
        return name


def _signer(flow: Rectiflow, name: str, unit: str) -> str | None:
    """Return who of the unit signed: by name, or by post (校长)."""
    if not name:
        return None
    directory = flow.directory()
    posted = [p for p in directory.posts.values() if p.unit == unit and p.title == name]
    held = [
        p.id for p in directory.persons.values() for post in posted if post in directory.posts_of(p.id, flow.today())
    ]
    return held[0] if held else directory.find_person(name).id


def _key(unit: str, rows: Sequence[FindingRow]) -> str:
    """Return what makes the same visit known when the file comes again."""
    from rectiflow.intake import normalise_description

    first = rows[0]
    said = (unit, first.visited_on.isoformat(), first.method, *first.inspectors)
    found = sorted(f"{normalise_description(r.description)}@{r.place}" for r in rows)
    return "visit:" + sha256("\n".join((*said, *found)).encode()).hexdigest()[:32]


def _said(rows: Sequence[FindingRow], exc: RectiflowError, *, whole: bool) -> Iterator[str]:
    """Say what was refused, by the sheet's row and column; whether it found nothing only where all rows could be read."""
    if not isinstance(exc, Refused):
        yield f"第 {rows[0].row} 行：{exc}"
        return
    with_text = [r for r in rows if r.description]
    for reason in exc.reasons:
        message, row = reason.message, rows[0]
        if message.startswith("第 ") and " 条：" in message:
            place, message = message.removeprefix("第 ").split(" 条：", 1)
            row = with_text[int(place) - 1]
        elif not whole and reason.subject == "signed_by":
            continue
        column = row.columns.get(_COLUMN_OF.get(reason.subject, ""))
        yield f"第 {row.row} 行{f' {column} 列' if column else ''}：{message}"
