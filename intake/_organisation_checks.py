"""Reading and cross-checking the rows of units, posts and persons: who is named must be there."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from msgspec import Struct, field

from ._draft import Draft, Unfit, Warn
from ._ledger_values import name, names, one_line
from ._organisation_columns import ACTIVE, GONE, GRANTS, KIND_WORDS, KINDS
from .contacts import read_email, read_phone
from .dates import parse_date
from .errors import DateUnreadable
from .text import Cell, cell_text, match_key

_PERIODS = (("since", "until", "任职"), ("deputy_since", "deputy_until", "代理"))


def text_of(draft: Draft, key: str) -> str | None:
    """Give a text of the draft, None when nothing stands there."""
    value = draft.values.get(key)
    return value if isinstance(value, str) else None


def texts_of(draft: Draft, key: str) -> tuple[str, ...]:
    """Give several texts of the draft."""
    value = draft.values.get(key)
    return cast("tuple[str, ...]", value) if isinstance(value, tuple) else ()


def date_of(draft: Draft, key: str) -> dt.date | None:
    """Give a date of the draft."""
    value = draft.values.get(key)
    return value if isinstance(value, dt.date) else None


def read_unit(draft: Draft) -> None:
    """Read one row of units."""
    for key in ("name", "parent", "successor", "code"):
        draft.read(key, name)
    draft.read("aliases", names)
    draft.values["kind"] = None
    draft.read("kind", _kind)
    draft.values["status"] = True
    if draft.text("status"):
        draft.read("status", _is_active)
    draft.require("name", "单位名称")
    draft.require("kind", f"单位类型（{KIND_WORDS}）")


def read_post(draft: Draft) -> None:
    """Read one row of posts."""
    draft.read("title", one_line)
    draft.read("unit", name)
    draft.read("roles", names)
    draft.require("title", "岗位名称")
    draft.require("unit", "所在单位")


def read_person(draft: Draft) -> None:
    """Read one row of persons."""
    for key in ("name", "post", "account", "deputy"):
        draft.read(key, one_line)
    draft.read("unit", name)
    draft.read("phone", _phone)
    draft.read("email", _email)
    draft.read("grants", _grants)
    for since, until, word in _PERIODS:
        draft.read(since, _date)
        draft.read(until, _date)
        first, last = date_of(draft, since), date_of(draft, until)
        if first and last and last < first:
            draft.problem(until, f"{word}结束日期早于开始日期 {first}，请核对")
    draft.require("post", "岗位")


class Directory(Struct):
    """The units that may be named, by every name they have."""

    names: dict[str, str] = field(default_factory=dict[str, str])

    def find(self, written: str | None) -> str | None:
        """Give the full name of a unit written in any of its ways."""
        return self.names.get(match_key(written)) if written else None

    def add(self, written: str, full_name: str) -> str | None:
        """Enter a name; if it is another unit's, give that unit and leave it."""
        owner = self.names.setdefault(match_key(written), full_name)
        return owner if owner != full_name else None


def check_units(drafts: Sequence[Draft], known: Mapping[str, str | None]) -> Directory:
    """Check that names are unique, that parents and successors are there, and that no parent loop is made.

    Args:
        drafts: the rows.
        known: names of units that are recorded already; None for a full name, the full name for another one.
    """
    directory = _enter_names(drafts, known)
    _check_codes(drafts, directory)
    for draft in drafts:
        for key, word in (("parent", "上级单位"), ("successor", "继任单位")):
            _resolve(draft, key, word, directory)
        if text_of(draft, "successor") and draft.values["status"] is True:
            draft.problem("successor", "填了继任单位，状态却不是“撤并”，请核对")
    _check_loops(drafts)
    return directory


def check_posts(drafts: Sequence[Draft], directory: Directory) -> None:
    """Check that the units of the posts are there and that no post stands twice."""
    seen: dict[tuple[str, str], int] = {}
    for draft in drafts:
        _resolve(draft, "unit", "所在单位", directory)
        unit, title = text_of(draft, "unit"), text_of(draft, "title")
        if unit and title:
            first = seen.setdefault((match_key(unit), match_key(title)), draft.body.row)
            if first != draft.body.row:
                draft.problem("title", f"与第 {first} 行是同一单位的同一岗位，请合并为一行")


def check_persons(
    drafts: Sequence[Draft], directory: Directory, posts: Iterable[tuple[str, str]], known: Iterable[str]
) -> None:
    """Check that posts, units and deputies of persons are there, and that an account belongs to one person.

    Args:
        drafts: the rows.
        directory: the units.
        posts: unit and title of every post there is.
        known: names of persons who are recorded already.
    """
    units_of: dict[str, list[str]] = defaultdict(list)
    for unit, title in posts:
        units_of[match_key(title)].append(directory.find(unit) or unit)
    for draft in drafts:
        _resolve(draft, "unit", "单位", directory)
        _check_post(draft, units_of)
        if text_of(draft, "name") is None and text_of(draft, "post"):
            draft.values["name"] = f"{text_of(draft, 'unit') or ''}{text_of(draft, 'post')}"
    _check_repeated(drafts)
    _check_accounts(drafts)
    _check_deputies(drafts, known)


def _enter_names(drafts: Sequence[Draft], known: Mapping[str, str | None]) -> Directory:
    directory, rows = Directory(), dict[str, int]()
    for draft in drafts:
        full = text_of(draft, "name")
        if full:
            first = rows.setdefault(match_key(full), draft.body.row)
            if first != draft.body.row:
                draft.problem("name", f"单位名称与第 {first} 行重复，请删去一行或改名")
            directory.add(full, full)
    for draft in drafts:
        _enter_aliases(draft, directory)
    for unit, full_name in known.items():
        directory.add(unit, full_name or unit)
    return directory


def _enter_aliases(draft: Draft, directory: Directory) -> None:
    full = text_of(draft, "name")
    kept: list[str] = []
    for alias in texts_of(draft, "aliases"):
        other = directory.add(alias, full) if full else None
        if other is not None:
            draft.problem("aliases", f"简称“{alias}”已是“{other}”的名称，请改用别的简称")
        elif full and match_key(alias) != match_key(full):
            kept.append("".join(alias.split()))
    draft.values["aliases"] = tuple(kept)


def _check_codes(drafts: Sequence[Draft], directory: Directory) -> None:
    """A unit may be named by its code too; no code may stand twice."""
    rows: dict[str, int] = {}
    for draft in drafts:
        code, full = text_of(draft, "code"), text_of(draft, "name")
        if code and full:
            first = rows.setdefault(match_key(code), draft.body.row)
            if first != draft.body.row:
                draft.problem("code", f"单位编码与第 {first} 行重复，请核对")
            directory.add(code, full)


def _resolve(draft: Draft, key: str, word: str, directory: Directory) -> None:
    """Put the unit's full name in the place of what was written."""
    written = text_of(draft, key)
    if written:
        full = directory.find(written)
        if full is None:
            draft.problem(key, f"没有名为“{written}”的{word}，请核对写法，或先在“单位”表中登记它（也可以作为简称登记）")
        draft.values[key] = full or written


def _check_loops(drafts: Sequence[Draft]) -> None:
    parents = {
        match_key(full): match_key(parent)
        for draft in drafts
        if (full := text_of(draft, "name")) and (parent := text_of(draft, "parent"))
    }
    titles = {match_key(full): full for draft in drafts if (full := text_of(draft, "name"))}
    for draft in drafts:
        full = text_of(draft, "name")
        if full and text_of(draft, "parent"):
            loop = _loop(match_key(full), parents)
            if loop:
                chain = " → ".join(titles.get(unit, unit) for unit in loop)
                draft.problem("parent", f"上级单位绕成了圈：{chain}，请改正其中一个")


def _loop(start: str, parents: dict[str, str]) -> list[str]:
    """Follow the parents; give the way if it leads back to the start."""
    way = [start]
    unit = parents.get(start)
    while unit is not None and unit not in way:
        way.append(unit)
        unit = parents.get(unit)
    return [*way, start] if unit == start else []


def _check_post(draft: Draft, units_of: dict[str, list[str]]) -> None:
    post, unit = text_of(draft, "post"), text_of(draft, "unit")
    if not post:
        return
    units = units_of.get(match_key(post), [])
    if not units:
        draft.problem("post", f"没有名为“{post}”的岗位，请核对写法，或先在“岗位”表中登记它")
    elif unit is None and len(set(units)) > 1:
        draft.problem("post", f"{len(set(units))} 个单位都有“{post}”，请在“单位”一列写明是哪一个")
    elif unit is None:
        draft.values["unit"] = units[0]
    elif unit not in units:
        draft.problem("post", f"“{unit}”没有“{post}”这个岗位，请核对，或先在“岗位”表中登记它")


def _check_repeated(drafts: Sequence[Draft]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for draft in drafts:
        who = tuple(match_key(text_of(draft, key) or "") for key in ("name", "post", "unit"))
        since = date_of(draft, "since")
        first = seen.setdefault((*who, str(since)), draft.body.row)
        if first != draft.body.row:
            draft.problem("post", f"与第 {first} 行是同一人的同一岗位，请删去一行")


def _check_accounts(drafts: Sequence[Draft]) -> None:
    owners: dict[str, tuple[str, int]] = {}
    for draft in drafts:
        account, person = text_of(draft, "account"), text_of(draft, "name")
        if account and person:
            owner, row = owners.setdefault(account.casefold(), (person, draft.body.row))
            if match_key(owner) != match_key(person):
                draft.problem("account", f"账号“{account}”在第 {row} 行已属于“{owner}”，一个账号只能给一个人")


def _check_deputies(drafts: Sequence[Draft], known: Iterable[str]) -> None:
    people = {match_key(person) for person in known}
    people |= {match_key(person) for draft in drafts for key in ("name", "account") if (person := text_of(draft, key))}
    for draft in drafts:
        deputy = text_of(draft, "deputy")
        if deputy is None:
            for key in ("deputy_since", "deputy_until"):
                if date_of(draft, key):
                    draft.problem(key, "填了代理日期而没有填代理人")
        elif match_key(deputy) not in people:
            draft.problem("deputy", f"没有名为“{deputy}”的人员，请核对写法，或先在“人员”表中登记")
        elif match_key(deputy) == match_key(text_of(draft, "name") or ""):
            draft.problem("deputy", "代理人不能是本人")
        else:
            _require_period(draft)


def _require_period(draft: Draft) -> None:
    missing = [word for key, word in (("deputy_since", "代理起"), ("deputy_until", "代理止")) if not draft.text(key)]
    if missing:
        draft.problem("deputy", f"填了代理人，请同时填写{'、'.join(missing)}日期")


def _kind(cell: Cell, _warn: Warn) -> str:
    written = match_key(cell_text(cell))
    for kind, words in KINDS:
        if words.fullmatch(written):
            return kind
    raise Unfit(f"不认识这种单位类型，请写成其中之一：{KIND_WORDS}")


def _is_active(cell: Cell, _warn: Warn) -> bool:
    written = match_key(cell_text(cell))
    if GONE.fullmatch(written):
        return False
    if ACTIVE.fullmatch(written):
        return True
    raise Unfit("状态只能写“正常”或“撤并”")


def _phone(cell: Cell, _warn: Warn) -> str:
    return read_phone(cell_text(cell))


def _email(cell: Cell, _warn: Warn) -> str:
    return read_email(cell_text(cell))


def _grants(cell: Cell, _warn: Warn) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_grant(part) for part in names(cell, _warn)))


def _grant(written: str) -> str:
    for grant, words in GRANTS:
        if words.fullmatch(match_key(written)):
            return grant
    raise Unfit(f"不认识权限“{written}”，只能写：代为操作、查看受限类别")


def _date(cell: Cell, _warn: Warn) -> dt.date:
    try:
        return parse_date(cell).date
    except DateUnreadable as problem:
        raise Unfit(str(problem)) from problem
