"""What came of a filled-in ledger, and of the turn of the year: for people, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from ._doing import Done, record, tell_together
from ._output import print_json, say, warn

if TYPE_CHECKING:
    from rectiflow._ledger import Applied, LedgerApply, Rollover

    from ._context import Session

__all__ = ["show_applied", "show_rollover"]


def show_applied(made: Session, done: LedgerApply, *, dry_run: bool, as_json: bool) -> None:
    """Show what was carried out row by row, what was refused and where, and a sum."""
    from ._effects import headline
    from ._layout import put

    results = [(a.row, _done(made, a, dry=dry_run)) for a in done.applied]
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "applied": [{"row": row, **record(made, result)} for row, result in results],
                "untouched": done.untouched,
                "refused": [asdict(p) for p in done.problems],
                "warnings": [asdict(w) for w in done.warnings],
            }
        )
        return
    for row, result in results:
        put(f"第 {row} 行  {headline(made, result)}")
    tell_together(made, [result for _, result in results])
    for note in (*done.warnings, *done.problems):
        warn(str(note))
    verb = "可办" if dry_run else "办成"
    say(f"{verb} {len(results)} 行，没有改动 {done.untouched} 行，不能办 {done.refused} 行。")
    if dry_run:
        say("以上是试算，没有写入任何内容。")


def show_rollover(done: Rollover, *, dry_run: bool, as_json: bool) -> None:
    """Say in one line how many hazards were carried over; those that could not be, with the reasons."""
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
        return
    for number, reasons in done.refused.items():
        warn(f"{number} 没有结转：{'；'.join(reasons)}")
    verb = "将结转" if dry_run else "结转"
    already = f"，早已结转 {len(done.already)} 条" if done.already else ""
    refused = f"，不能结转 {len(done.refused)} 条" if done.refused else ""
    say(f"{verb}到 {done.year} 年 {len(done.carried)} 条，编号不变{already}{refused}。")


def _done(made: Session, applied: Applied, *, dry: bool) -> Done:
    ticket, before = applied.ticket, applied.before
    same = (ticket.workflow, ticket.version) == (before.workflow.id, before.workflow.version)
    return Done(
        number=applied.number,
        action=applied.action,
        before=before,
        decision=applied.decision,
        ticket=ticket,
        workflow=before.workflow if same else made.flow.library.newest(ticket.workflow),
        dry=dry,
    )
