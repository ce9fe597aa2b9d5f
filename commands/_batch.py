"""One thing on all hazards of a filter: found, shown beforehand with who will be told, agreed to, then done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ._doing import Done, Failed, Make, Prepared, Result, one, prepare, show, tell
from ._output import is_terminal, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rectiflow._where import Where

    from ._context import Session
    from ._given import Given

__all__ = ["carry_out_found", "found_by", "read_filter"]


def read_filter(made: Session, text: str) -> Where:
    """Read `--where`.

    Raises:
        typer.BadParameter: what is written is not understood; all of it at once.
    """
    from rectiflow._where import read_where
    from rectiflow.engine.errors import InputUnusable

    try:
        return read_where(made.flow, text)
    except InputUnusable as exc:
        raise typer.BadParameter(str(exc), param_hint="--where") from exc


def found_by(made: Session, where: Where, text: str, *, sure: bool) -> list[str]:
    """Return the numbers of the hazards a filter means.

    Args:
        text: the filter as it was written.
        sure: all open hazards may be meant.

    Raises:
        InputUnusable: it means none, too many, or (not `sure`) all.
    """
    from rectiflow._where import MOST_FOUND, find
    from rectiflow.engine.errors import InputUnusable

    found = find(made.flow, where, by=made.person)
    count = len(found.numbers)
    hidden = f"（另有 {found.hidden} 条受限类别的，没有查看权限，不算在内）" if found.hidden else ""
    if not count:
        raise InputUnusable(f"没有符合“{text}”的在办隐患{hidden}，请用 rectiflow ticket list --where 核对条件。")
    if count > MOST_FOUND:
        raise InputUnusable(f"“{text}”选中了 {count} 条，一次最多 {MOST_FOUND} 条，请再加条件分几次办。")
    if found.everything and not sure:
        raise InputUnusable(f"“{text}”选中了全部 {count} 条在办隐患；请再加条件，确要全部办理的加 --yes。")
    if hidden:
        say(hidden.strip("（）") + "。")
    return list(found.numbers)


def carry_out_found(
    made: Session, text: str, make: Make, given: Given, *, title: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Do one thing on every hazard a filter means; on a terminal it is shown first and has to be agreed to.

    What has moved on between the preview and the doing is refused.

    Raises:
        typer.BadParameter: nobody can be asked, and neither `yes` nor `dry_run` says what to do.
    """
    where = read_filter(made, text)
    asking = is_terminal() and not as_json
    if not (asking or yes or dry_run):
        message = "这里不能逐一确认：请先加 --dry-run 看会办哪些、通知谁，确认后加 --yes 办理。"
        raise typer.BadParameter(message, param_hint="--where")
    numbers = found_by(made, where, text, sure=yes or dry_run)
    if asking and not dry_run:
        from ._asking import complete

        complete(made, numbers, make, given)
    prepared = prepare(made, numbers, make, given, title)
    if dry_run or (asking and not yes):
        previews = [p if isinstance(p, Failed) else one(made, *p, dry_run=True) for p in prepared]
        if dry_run:
            show(made, previews, as_json=as_json)
            return
        prepared = _agreed(made, prepared, previews)
    results = _carried_out(made, prepared)
    if asking and not yes:
        _sum(made, prepared, results)
    else:
        show(made, results, as_json=as_json)


def _agreed(
    made: Session, prepared: Sequence[Failed | Prepared], previews: Sequence[Result]
) -> list[Failed | Prepared]:
    """Show what would happen, and return what is to be done; the refused stay refused.

    Raises:
        typer.Exit: nothing can be done, or the person does not agree.
    """
    from ._asking import confirm

    tell(made, previews, asking=True)
    able = sum(isinstance(r, Done) for r in previews)
    if not able:
        raise typer.Exit(1)
    if not confirm(f"办理这 {able} 条吗" if able == len(previews) else f"只办能办的 {able} 条吗"):
        say("没有办理。")
        raise typer.Exit(1)
    return [p if isinstance(r, Done) else r for p, r in zip(prepared, previews, strict=True)]


def _carried_out(made: Session, prepared: Sequence[Failed | Prepared]) -> list[Result]:
    results: list[Result] = []
    with progress("办理", "条") as report:
        for item in prepared:
            results.append(item if isinstance(item, Failed) else one(made, *item, expect=item[0].case.rev))
            report(len(results), len(prepared))
    return results


def _sum(made: Session, prepared: Sequence[Failed | Prepared], results: Sequence[Result]) -> None:
    """Say how many were done: each was shown already; what was refused only now is said with its reasons."""
    for before, result in zip(prepared, results, strict=True):
        if isinstance(result, Failed) and not isinstance(before, Failed):
            tell(made, [result])
    done = sum(isinstance(r, Done) for r in results)
    say(f"办成 {done} 条" + (f"，没有办 {len(results) - done} 条。" if done < len(results) else "。"))
    if done < len(results):
        raise typer.Exit(1)
