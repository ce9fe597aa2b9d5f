"""Units, posts and persons of a district from one workbook with the sheets 单位, 岗位 and 人员."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field

from ._body import Body, BodyRules
from ._draft import Draft
from ._header import Titles, find_header
from ._organisation_checks import (
    Directory,
    check_persons,
    check_posts,
    check_units,
    date_of,
    read_person,
    read_post,
    read_unit,
    text_of,
    texts_of,
)
from ._organisation_columns import PERSON_TITLES, POST_TITLES, SHEET_NAMES, UNIT_TITLES
from .errors import OrganisationUnusable
from .limits import Limits
from .problems import RowProblem, SkippedRow
from .text import match_key
from .workbook import Sheet, open_sheets

_FEWEST_COLUMNS = 2


class UnitRow(Struct, frozen=True, kw_only=True):
    """One unit.

    Attributes:
        row: the sheet's row number.
        code: its code, if it has one.
        name: its full name.
        aliases: the other ways in which it is written.
        kind: bureau, section, affiliate, town (town central school or park education office), school, kindergarten,
            village, partner, government or committee.
        parent: full name of the unit above it.
        active: it still exists; False for 撤并.
        successor: full name of the unit that took over.
    """

    row: int
    code: str | None
    name: str
    aliases: tuple[str, ...]
    kind: str
    parent: str | None
    active: bool
    successor: str | None


class PostRow(Struct, frozen=True, kw_only=True):
    """One post: its title, the full name of its unit, and its roles as written."""

    row: int
    title: str
    unit: str
    roles: tuple[str, ...]


class PersonRow(Struct, frozen=True, kw_only=True):
    """One person on one post; a person on two posts has two rows.

    Attributes:
        row: the sheet's row number.
        name: the name, or that of the post where no name is given.
        post: title of the post.
        unit: full name of the post's unit.
        phone: digits only for a mobile number.
        email: the address.
        account: the account of the operating system or of the host.
        since: first day on the post; None when it was not written.
        until: last day on the post.
        deputy: name or account of the deputy.
        deputy_since: first day of the deputy.
        deputy_until: last day of the deputy.
        grants: ``act_for_others`` (代为操作), ``see_restricted`` (查看受限类别); None when the sheet has no such column.
    """

    row: int
    name: str
    post: str
    unit: str
    phone: str | None
    email: str | None
    account: str | None
    since: dt.date | None
    until: dt.date | None
    deputy: str | None
    deputy_since: dt.date | None
    deputy_until: dt.date | None
    grants: tuple[str, ...] | None


class OrganisationFile(Struct, frozen=True, kw_only=True):
    """An organisation as read: good rows, all problems of the others, and rows that are no data."""

    path: Path
    units: tuple[UnitRow, ...]
    posts: tuple[PostRow, ...]
    persons: tuple[PersonRow, ...]
    problems: tuple[RowProblem, ...]
    skipped: tuple[SkippedRow, ...] = ()


class Recorded(Struct, frozen=True, kw_only=True):
    """What is recorded already and may be named by a workbook that does not hold it.

    Attributes:
        units: names of units.
        aliases: the full name of a unit by each of its other names.
        posts: unit and title of posts.
        persons: names of persons.
    """

    units: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    posts: frozenset[tuple[str, str]] = frozenset()
    persons: frozenset[str] = frozenset()


class _Part(Struct, frozen=True, kw_only=True):
    """One of the three tables: its name, columns, rules, and how a row is read."""

    name: str
    titles: Titles
    main: str
    read: Callable[[Draft], None]
    carried: frozenset[str] = frozenset()


_PARTS = {
    "units": _Part(name="单位", titles=UNIT_TITLES, main="name", read=read_unit),
    "posts": _Part(name="岗位", titles=POST_TITLES, main="title", read=read_post, carried=frozenset({"unit"})),
    "persons": _Part(name="人员", titles=PERSON_TITLES, main="post", read=read_person, carried=frozenset({"unit"})),
}


class _Reading(Struct):
    drafts: dict[str, list[Draft]] = field(default_factory=lambda: {key: [] for key in _PARTS})
    skipped: list[SkippedRow] = field(default_factory=list[SkippedRow])
    reasons: list[str] = field(default_factory=list[str])


def read_organisation(
    path: str | Path, *, recorded: Recorded | None = None, limits: Limits | None = None
) -> OrganisationFile:
    """Read units, posts and persons from a workbook; each of the three sheets may be left out.

    Args:
        path: .xlsx or .xls.
        recorded: units, posts and persons that may be named although they are not in the workbook.
        limits: bounds of size.

    Raises:
        WorkbookUnreadable: the file cannot be read at all.
        OrganisationUnusable: it has none of the sheets, or one of them lacks a needed column.
    """
    file = Path(path)
    recorded = recorded or Recorded()
    reading = _read_parts(file, open_sheets(file, limits=limits))
    _cross_check(reading, recorded)
    drafts = [draft for part in reading.drafts.values() for draft in part]
    return OrganisationFile(
        path=file,
        units=tuple(_unit(draft) for draft in reading.drafts["units"] if not draft.problems),
        posts=tuple(_post(draft) for draft in reading.drafts["posts"] if not draft.problems),
        persons=tuple(_person(draft) for draft in reading.drafts["persons"] if not draft.problems),
        problems=tuple(problem for draft in drafts for problem in draft.problems),
        skipped=tuple(reading.skipped),
    )


def _read_parts(file: Path, sheets: tuple[Sheet, ...]) -> _Reading:
    reading = _Reading()
    found: dict[str, str] = {}
    for sheet in sheets:
        key = None if sheet.hidden or sheet.blank else _part_of(sheet.name)
        if key in found:
            reading.reasons.append(f"工作表“{found[key]}”和“{sheet.name}”都像{_PARTS[key].name}表，请只留一张")
        elif key is not None:
            found[key] = sheet.name
            _read_part(sheet, key, reading)
    if not found:
        names = "、".join(f"“{sheet.name}”" for sheet in sheets)
        reading.reasons.append(f"没有名为“单位”“岗位”“人员”的工作表；文件里有：{names}")
    if reading.reasons:
        raise OrganisationUnusable(file, tuple(reading.reasons))
    return reading


def _part_of(sheet_name: str) -> str | None:
    return next((key for key, words in SHEET_NAMES if words.search(match_key(sheet_name))), None)


def _read_part(sheet: Sheet, key: str, reading: _Reading) -> None:
    part = _PARTS[key]
    header = find_header(sheet, part.titles, fewest=_FEWEST_COLUMNS)
    places = header.by_key if header else {}
    missing = [column for column in part.titles.columns if column.needed and column.key not in places]
    if header is None or missing:
        columns = "、".join(f"“{column.title}”（也可写作{'、'.join(column.synonyms[:3])}）" for column in missing)
        found = f"；找到的是{header.describe()}" if header else ""
        reading.reasons.append(f"工作表“{sheet.name}”缺少必需的列：{columns}{found}")
        return
    anchors = tuple(place for place in places if place not in (part.main, "serial", "remarks"))
    serial = frozenset({"serial"})
    body = Body(sheet, header, BodyRules(main=part.main, anchors=anchors, serial=serial, carried=part.carried))
    for row in body.rows():
        draft = Draft(sheet=sheet.name, body=row, columns=places)
        part.read(draft)
        reading.drafts[key].append(draft)
    reading.skipped.extend(body.skipped)


def _cross_check(reading: _Reading, recorded: Recorded) -> None:
    directory: Directory = check_units(reading.drafts["units"], {**dict.fromkeys(recorded.units), **recorded.aliases})
    check_posts(reading.drafts["posts"], directory)
    posts = [
        (unit, title)
        for draft in reading.drafts["posts"]
        if (unit := text_of(draft, "unit")) and (title := text_of(draft, "title"))
    ]
    check_persons(reading.drafts["persons"], directory, [*posts, *recorded.posts], recorded.persons)


def _unit(draft: Draft) -> UnitRow:
    return UnitRow(
        row=draft.body.row,
        code=text_of(draft, "code"),
        name=text_of(draft, "name") or "",
        aliases=texts_of(draft, "aliases"),
        kind=text_of(draft, "kind") or "",
        parent=text_of(draft, "parent"),
        active=draft.values["status"] is True,
        successor=text_of(draft, "successor"),
    )


def _post(draft: Draft) -> PostRow:
    return PostRow(
        row=draft.body.row,
        title=text_of(draft, "title") or "",
        unit=text_of(draft, "unit") or "",
        roles=texts_of(draft, "roles"),
    )


def _person(draft: Draft) -> PersonRow:
    return PersonRow(
        row=draft.body.row,
        name=text_of(draft, "name") or "",
        post=text_of(draft, "post") or "",
        unit=text_of(draft, "unit") or "",
        phone=text_of(draft, "phone"),
        email=text_of(draft, "email"),
        account=text_of(draft, "account"),
        since=date_of(draft, "since"),
        until=date_of(draft, "until"),
        deputy=text_of(draft, "deputy"),
        deputy_since=date_of(draft, "deputy_since"),
        deputy_until=date_of(draft, "deputy_until"),
        grants=texts_of(draft, "grants") if "grants" in draft.columns else None,
    )
