"""Requests and papers of a hazard, named NUMBER or NUMBER/ORDINAL: found, and acted on like any step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from rectiflow.engine.ticket import Document, Request, Snapshot

    from ._context import Session

__all__ = ["SHOW", "pending_request", "pick", "read_items", "unsigned_paper"]

SHOW = "查看"  #: what may be done with any paper, whether it waits or not

_T = TypeVar("_T", "Request", "Document")


def read_items(made: Session, words: Sequence[str]) -> dict[str, int | None]:
    """Return the full number of each hazard with the ordinal written behind it, if any.

    Raises:
        typer.BadParameter: the same hazard twice. InputUnusable, NotFound: words that name no hazard.
    """
    from ._numbers import read_item

    found: dict[str, int | None] = {}
    for word in words:
        number, ordinal = read_item(made.flow, word)
        if number in found:
            raise typer.BadParameter(f"{number} 写了两次，同一条隐患的请一件一件办。")
        found[number] = ordinal
    return found


def pending_request(before: Snapshot, ordinal: int | None) -> Request:
    """Return the request that is meant: the one with the ordinal, else the only one pending.

    Raises:
        Refused: none is pending, or several are.
    """
    return pick(before, before.requests, ordinal, lambda r: r.status == "pending", "审批", "申请")


def unsigned_paper(before: Snapshot, ordinal: int | None) -> Document:
    """Return the paper that is meant: the one with the ordinal, else the only draft.

    Raises:
        Refused: there is no draft, or there are several.
    """
    return pick(before, before.documents, ordinal, lambda d: d.status == "draft", "签发", "文书")


def pick(
    before: Snapshot, pool: Sequence[_T], ordinal: int | None, waits: Callable[[_T], bool], verb: str, noun: str
) -> _T:
    """Return the one of `pool` with the ordinal, else the only one that waits.

    Raises:
        Refused: there is none, or it cannot be told which.
    """
    from rectiflow.engine.errors import Reason, Refused

    found = [x for x in pool if (waits(x) if ordinal is None else x.ordinal == ordinal)]
    if len(found) == 1:
        return found[0]
    number, waiting = before.case.number, f"待{verb}的" if verb != SHOW else ""
    if found:
        which = "、".join(f"{number}/{x.ordinal}" for x in found)
        reason = Reason(code="ambiguous", message=f"有 {len(found)} 件{waiting}{noun}，请写明是哪一件：{which}")
    else:
        said = f"没有{waiting}{noun}" if ordinal is None else f"没有第 {ordinal} 件{noun}"
        reason = Reason(code="not_found", message=said)
    raise Refused(number, verb, [reason])
