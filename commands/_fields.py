"""What people write after a command: numbers, an action, field=value words, dates and means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

import typer
from msgspec import Struct

from ._numbers import is_number

if TYPE_CHECKING:
    from rectiflow.engine.workflow import Workflow

__all__ = [
    "Order",
    "by_field",
    "near_fields",
    "read_day",
    "read_level",
    "read_order",
    "read_pairs",
    "read_via",
    "read_word",
    "resolve_action",
    "resolve_request",
]

_PAIR = re.compile(r"(?P<name>[^=＝：]+)[=＝：](?P<value>.*)", re.DOTALL)
_LIST = "；"  #: joins the values of a field that takes several

Pairs = Sequence[tuple[str, str]]


class Order(Struct, frozen=True, kw_only=True):
    """The words of `ticket do`, taken apart."""

    numbers: tuple[str, ...]
    action: str
    pairs: Pairs


def read_order(words: Sequence[str], what: str = "操作", *, numbered: bool = True) -> Order:
    """Take NUMBER… ACTION [field=value]… apart; without numbers where a filter says which hazards are meant.

    Raises:
        typer.BadParameter: no number, no action, or words that are neither.
    """
    numbers = [w for w in words if is_number(w) and not _PAIR.fullmatch(w)]
    rest = [w for w in words if w not in numbers]
    pairs = [w for w in rest if _PAIR.fullmatch(w)]
    named = [w for w in rest if w not in pairs]
    wrong: list[str] = []
    if numbers and not numbered:
        wrong.append(f"写了 --where 就不再写编号（{'、'.join(numbers)}），两样只写一样")
    if not numbers and numbered:
        wrong.append("没有写隐患编号（如 123 或 12-15）")
    if not named:
        wrong.append(f"没有写要办的{what}（如 交办）")
    wrong += [f"“{w}”看不懂，应写成 项目=内容" for w in named[1:]]
    if wrong:
        raise typer.BadParameter("；".join(wrong) + "。")
    return Order(numbers=tuple(numbers), action=named[0], pairs=read_pairs(pairs))


def read_pairs(words: Iterable[str]) -> Pairs:
    """Read field=value words; ＝ and ： do as well.

    Raises:
        typer.BadParameter: words without a name or a sign between.
    """
    words = list(words)
    matches = [_PAIR.fullmatch(w) for w in words]
    wrong = [w for w, m in zip(words, matches, strict=True) if m is None or not m["name"].strip()]
    if wrong:
        raise typer.BadParameter(f"{'、'.join(f'“{w}”' for w in wrong)}应写成 项目=内容，如 整改时限=12月31日。")
    return [(m["name"].strip(), m["value"].strip()) for m in matches if m is not None]


def by_field(workflow: Workflow, pairs: Pairs, today: date) -> dict[str, str]:
    """Return the values by field id, where fields were named by Chinese title or a unique beginning of one.

    今天, 昨天 and 前天 stand for days in fields that hold a date.

    Raises:
        typer.BadParameter: a field that takes one value was written twice.
    """
    from rectiflow._carrying import by_title
    from rectiflow._hands import day_word

    titles = workflow.titles
    data: dict[str, str] = {}
    twice: list[str] = []
    for name, value in pairs:
        key = by_title(titles, name)
        kind = workflow.fields[key].type if key in workflow.fields else ""
        if key in data and kind != "list":
            twice.append(titles.get(key, name))
        said = day_word(value, today) or value if kind == "date" else value
        data[key] = f"{data[key]}{_LIST}{said}" if key in data else said
    if twice:
        raise typer.BadParameter(f"{'、'.join(f'“{t}”' for t in twice)}写了两次，请只写一次。")
    return data


def near_fields(workflow: Workflow, names: Iterable[str]) -> str:
    """Return a hint for field names that are not known: the nearest titles, or all of them; "" when all are known."""
    titles = [f.title for f in workflow.fields.values()]
    unknown = [n for n in names if n not in workflow.fields]
    near = dict.fromkeys(t for n in unknown for t in get_close_matches(n, titles, n=2, cutoff=0.4))
    if near:
        return f"是不是：{'、'.join(near)}？"
    own = [f.title for f in workflow.fields.values() if not f.builtin]
    return f"可写的项目：{'、'.join(own)}、责任单位、整改责任人、隐患部位等。" if unknown else ""


def read_day(text: str | None, today: date, option: str = "--on") -> date | None:
    """Read a day as people write it: 2024-12-31, 12月31日, 12.31, 今天, 昨天.

    Raises:
        typer.BadParameter: it is no date.
    """
    from rectiflow._hands import day_word
    from rectiflow.engine.values import read_date

    if text is None:
        return None
    try:
        return read_date(day_word(text, today) or text, today, "behind" if option == "--on" else "nearest")
    except ValueError as exc:
        raise typer.BadParameter(f"{exc}。", param_hint=option) from exc


def read_via(text: str | None) -> str | None:
    """Return the id of a means said by id or in Chinese: phone or 电话.

    Raises:
        typer.BadParameter: there is no such means.
    """
    from rectiflow.engine.vocabulary import VIAS

    return read_word(text, VIAS, "--via")


def read_level(text: str | None) -> str | None:
    """Return the id of a level of listed supervision: district, 区级 or 区.

    Raises:
        typer.BadParameter: there is no such level.
    """
    from rectiflow.engine.vocabulary import LEVELS

    return read_word(text, LEVELS, "--level")


def resolve_action(workflow: Workflow, state: str, text: str) -> str:
    """Return the trigger a word stands for: id, title or a beginning of one; what is possible here goes first.

    Raises:
        typer.BadParameter: it fits several.
    """
    from rectiflow._steps import trigger_named
    from rectiflow.engine.errors import Ambiguous

    try:
        return trigger_named(workflow, state, text) or text.strip()
    except Ambiguous as exc:
        raise typer.BadParameter(str(exc)) from exc


def resolve_request(workflow: Workflow, text: str) -> str:
    """Return the kind of request a word stands for: id, title or a beginning of one; the word itself when none fits.

    Raises:
        typer.BadParameter: it fits several.
    """
    from rectiflow._steps import request_named
    from rectiflow.engine.errors import Ambiguous

    try:
        return request_named(workflow, text) or text
    except Ambiguous as exc:
        raise typer.BadParameter(str(exc)) from exc


def read_word(text: str | None, words: Mapping[str, str], option: str) -> str | None:
    """Return the id of a word said by id, in Chinese, or by a beginning of either.

    Raises:
        typer.BadParameter: there is none, or more than one fits.
    """
    if text is None:
        return None
    text = text.strip()
    exact = [k for k, title in words.items() if text in (k, title)]
    begun = exact or [k for k, title in words.items() if text and (title.startswith(text) or k.startswith(text))]
    if len(begun) == 1:
        return begun[0]
    known = "、".join(words.values())
    raise typer.BadParameter(f"没有“{text}”，可写：{known}。", param_hint=option)
