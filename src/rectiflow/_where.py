"""Which hazards are meant, in one line: unit=一镇初中 环节=整改中 时限<=9月30日 逾期. Ids and Chinese titles, in any order.

One table says what may be written; a new term is one line in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from rectiflow._views import find_open, listing, ticket_filter
from rectiflow.engine.errors import InputUnusable, RectiflowError
from rectiflow.engine.ticket import Ticket
from rectiflow.engine.values import as_date, read_date
from rectiflow.storage.queries import TicketFilter

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["MOST_FOUND", "Found", "Where", "find", "read_where", "terms_help"]

MOST_FOUND = 500  #: hazards in one call
_TERM = re.compile(r"(?P<name>[^<>=：:]+)(?P<sign><=|>=|<|>|=|:)(?P<value>.*)", re.DOTALL)
_SIGNS = {"≤": "<=", "≥": ">=", "＝": "=", "：": ":", "＜": "<", "＞": ">"}
_SEVERITIES = {"general": "general", "major": "major", "一般": "general", "重大": "major"}
_COMPARE: Mapping[str, Callable[[date, date], bool]] = {"<=": le, ">=": ge, "<": lt, ">": gt, "=": eq}
_NONE = frozenset({"—"})  #: an id nothing has
_OR = re.compile(r"[,，、;；|]+")

Keep = Callable[[Ticket], bool]


class Where(Struct, frozen=True, kw_only=True):
    """What was asked for: what the database narrows by, and what is looked at hazard by hazard."""

    wanted: TicketFilter = field(default_factory=TicketFilter)
    keeps: tuple[Keep, ...] = ()

    def keep(self, ticket: Ticket) -> bool:
        """Tell whether a hazard the database found is meant."""
        return all(keep(ticket) for keep in self.keeps)

    def beside(self, other: TicketFilter) -> TicketFilter:
        """Return what the database narrows by when another filter holds as well; states named go before open ones only."""
        mine, named = self.wanted, bool(self.wanted.states)
        return replace(
            other,
            units=_both(other.units, mine.units),
            states=_both(other.states, mine.states),
            categories=_both(other.categories, mine.categories),
            workflows=_both(other.workflows, mine.workflows),
            open=mine.open if named or mine.open is not None else other.open,
            overdue_on=mine.overdue_on or other.overdue_on,
            undated=mine.undated or other.undated,
            listed=mine.listed or other.listed,
        )


class Found(Struct, frozen=True, kw_only=True):
    """The hazards meant that a person may see; `hidden` counts restricted ones left out, `everything` is all open ones."""

    numbers: tuple[str, ...]
    hidden: int
    everything: bool


Read = Callable[["Rectiflow", Where, str, str], Where]  #: flow, what was read so far, sign, value


class _Term(Struct, frozen=True, kw_only=True):
    """One thing that may be written: its id, other names, the signs that may follow (none: a flag), an example."""

    id: str
    names: tuple[str, ...]
    read: Read
    signs: tuple[str, ...] = ("=",)
    example: str = ""

    def __str__(self) -> str:
        return f"{self.names[0]}{self.signs[0] if self.signs else ''}{self.example}"


def read_where(flow: Rectiflow, text: str) -> Where:
    """Read a filter as people write it.

    Raises:
        InputUnusable: what is written is not understood, or names nothing; all of it at once, with what may be meant.
    """
    where, wrong = Where(), list[str]()
    for word in _words(text):
        try:
            where = _read(flow, where, word)
        except (ValueError, RectiflowError) as exc:
            wrong.append(f"“{word}”：{str(exc).rstrip('。')}")
    if not _words(text):
        wrong.append(f"没有写条件，可写：{terms_help()}")
    if wrong:
        raise InputUnusable("\n".join(wrong))
    return where


def find(flow: Rectiflow, where: Where, *, by: str) -> Found:
    """Return the open hazards meant, or those of the states that are named, as far as a person may see them."""
    wanted = where.wanted if where.wanted.states or where.wanted.open is not None else replace(where.wanted, open=True)
    found = listing(flow, wanted, by=by, keep=where.keep)
    numbers = tuple(line.number for line in found.lines)
    everything = len(numbers) > 1 and {t.number for t in find_open(flow, TicketFilter(), by)} <= set(numbers)
    return Found(numbers=numbers, hidden=found.hidden, everything=everything)


def terms_help() -> str:
    """Say what may be written."""
    return "、".join(str(term) for term in _TERMS)


def _words(text: str) -> list[str]:
    """Take a filter apart at blanks; one beside a sign parts nothing."""
    plain = "".join(_SIGNS.get(c, c) for c in text.replace("　", " "))
    return re.sub(r"\s*(<=|>=|<|>|=)\s*", r"\1", plain).split()


def _read(flow: Rectiflow, where: Where, word: str) -> Where:
    match = _TERM.fullmatch(word)
    name, sign, value = (match["name"], match["sign"].replace(":", "="), match["value"]) if match else (word, "", "")
    term = _NAMED.get(unicodedata.normalize("NFKC", name).casefold())
    if term is None:
        raise ValueError(_unknown(name))
    if sign and not term.signs:
        raise ValueError(f"“{term.names[0]}”单独写就行，后面不写内容")
    if term.signs and (sign not in term.signs or not value):
        raise ValueError(f"应写成 {term}" + ("（也可用 < <= > >=）" if len(term.signs) > 1 else ""))
    return term.read(flow, where, sign, value)


def _unknown(name: str) -> str:
    near = get_close_matches(name.casefold(), _NAMED, n=2, cutoff=0.5)
    titles = dict.fromkeys(_NAMED[n].names[0] if not n.isascii() else n for n in near)
    return f"没有这个条件，是不是：{'、'.join(titles)}？" if titles else f"没有这个条件，可写：{terms_help()}"


def _narrowed(where: Where, **changes: object) -> Where:
    return replace(where, wanted=replace(where.wanted, **changes))  # names of the table below


def _both(have: frozenset[str], more: Iterable[str]) -> frozenset[str]:
    """Narrow what is wanted already by what is said now (nothing: no restriction); of two apart nothing is left."""
    said = frozenset(more)
    return (have & said or _NONE) if have and said else have or said


def _unit(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    units = {u for name in _each(value) for u in ticket_filter(flow, unit=name).units}
    return _narrowed(where, units=_both(where.wanted.units, units))


def _state(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    states = ticket_filter(flow, states=list(_each(value))).states
    return _narrowed(where, states=_both(where.wanted.states, states))


def _category(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    categories = {c for name in _each(value) for c in ticket_filter(flow, category=name).categories}
    return _narrowed(where, categories=_both(where.wanted.categories, categories))


def _workflow(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    workflows = {flow.library.newest(name).id for name in _each(value)}
    return _narrowed(where, workflows=_both(where.wanted.workflows, workflows))


def _severity(_flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    wanted = _SEVERITIES.get(value.removesuffix("隐患"))
    if wanted is None:
        raise ValueError("等级只有 一般、重大")
    return _kept(where, lambda t: t.severity == wanted)


def _person(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    person = flow.directory().find_person(value).id
    return _kept(where, lambda t: t.fields.get("responsible_person") == person)


def _found_on(flow: Rectiflow, where: Where, sign: str, value: str) -> Where:
    day, compare = read_date(value, flow.today(), "behind"), _COMPARE[sign]
    return _kept(where, lambda t: (on := as_date(t.fields.get("found_on"))) is not None and compare(on, day))


def _due_on(flow: Rectiflow, where: Where, sign: str, value: str) -> Where:
    day, compare = read_date(value, flow.today()), _COMPARE[sign]
    return _kept(where, lambda t: (on := as_date(t.marks.get("due_on"))) is not None and compare(on, day))


def _year(_flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    if not re.fullmatch(r"\d{4}年?", value):
        raise ValueError("年份应是四位数字，如 2024")
    year = value.removesuffix("年")
    return _kept(where, lambda t: t.number.split("-")[1:2] == [year])


def _paper(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    from rectiflow._papers import find_paper
    from rectiflow.storage.paperwork import paper_items

    papers = [find_paper(flow, name) for name in _each(value)]
    numbers = {n for paper in papers for n in paper_items(flow.store.engine, flow.district, paper)}
    return _kept(where, lambda t: t.number in numbers)


def _visit(flow: Rectiflow, where: Where, _: str, value: str) -> Where:
    from rectiflow._visits import find_visit
    from rectiflow.storage.paperwork import findings_of

    visits = [find_visit(flow, name) for name in _each(value)]
    numbers = {row["ticket"] for visit in visits for row in findings_of(flow.store.engine, flow.district, visit)}
    return _kept(where, lambda t: t.number in numbers)


def _flag(**changes: object) -> Read:
    return lambda _flow, where, _sign, _value: _narrowed(where, **changes)


def _overdue(flow: Rectiflow, where: Where, _: str, __: str) -> Where:
    return _narrowed(where, overdue_on=flow.today())


def _kept(where: Where, keep: Keep) -> Where:
    return replace(where, keeps=(*where.keeps, keep))


def _each(value: str) -> Iterator[str]:
    return (part for part in _OR.split(value) if part)


_DATED = ("<=", ">=", "<", ">", "=")
#: What may be written. A value may name several, parted by commas: any of them is meant.
_TERMS: tuple[_Term, ...] = (
    _Term(id="unit", names=("单位", "责任单位", "学校"), read=_unit, example="一镇初中"),
    _Term(id="state", names=("环节", "当前环节"), read=_state, example="整改中"),
    _Term(id="category", names=("类别", "隐患类别"), read=_category, example="消防安全"),
    _Term(id="due_on", names=("时限", "整改时限"), read=_due_on, signs=_DATED, example="9月30日"),
    _Term(id="found_on", names=("排查日期",), read=_found_on, signs=_DATED, example="2024-09-01"),
    _Term(id="person", names=("责任人", "整改责任人"), read=_person, example="姓名"),
    _Term(id="severity", names=("等级", "隐患等级"), read=_severity, example="重大"),
    _Term(id="workflow", names=("流程",), read=_workflow, example="一般隐患整改"),
    _Term(id="notice", names=("文书", "通知书"), read=_paper, example="W12"),
    _Term(id="inspection", names=("检查", "检查记录"), read=_visit, example="J7"),
    _Term(id="year", names=("年份",), read=_year, example="2024"),
    _Term(id="overdue", names=("逾期",), read=_overdue, signs=()),
    _Term(id="listed", names=("挂牌", "挂牌督办"), read=_flag(listed=True), signs=()),
    _Term(id="undated", names=("未定时限",), read=_flag(undated=True), signs=()),
    _Term(id="open", names=("未办结",), read=_flag(open=True), signs=()),
    _Term(id="closed", names=("已办结",), read=_flag(open=False), signs=()),
)
_NAMED: Mapping[str, _Term] = {name: term for term in _TERMS for name in (term.id, *term.names)}
