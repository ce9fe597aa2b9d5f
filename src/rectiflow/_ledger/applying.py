"""A filled-in ledger comes back: each changed row is one action with the rights of who applies it, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rectiflow._sheet import event_title
from rectiflow.engine.chain import Event
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Conflict, InputUnusable, Reason, RectiflowError, Refused
from rectiflow.engine.load import load_catalogue
from rectiflow.engine.moments import chinese_date
from rectiflow.engine.ticket import Snapshot, Ticket
from rectiflow.engine.visibility import may_see
from rectiflow.storage import queries

from .columns import FACTS, same, shown
from .edits import STATE, Cells, Edit
from .names import Names
from .orders import CLAIM_HINTS, Order, OrderReader, column_of
from .outcome import Applied, LedgerApply, RowNote, cell_problem
from .record import Deeds, record_at, record_of

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.intake import LedgerFile, LedgerRow, RowProblem

__all__ = ["apply_ledger"]

_CHUNK = 200  #: hazards whose histories are read at a time
_MOST_TOLD = 3  #: how many of the later events are named
_NEEDED = {"number": "隐患编号", "rev": "版本", "action": "操作"}
_HIDDEN = "属受限类别，没有查看权限，不能办理"
_UNCHANGED = "没有写入：登记错的，在“操作”写“更正”、“理由”写原因；是要办的，在“操作”写要办的事（如 交办）"
#: Columns whose change is an action of its own more often than a slip of the pen.
_RATHER = {
    "due_on": "，要延期的写“延期”",
    "responsible_unit": "，换单位的写“改派”",
    "responsible_person": "，换人的写“改派”",
}
Progress = Callable[[int, int], None]


def apply_ledger(
    flow: Rectiflow,
    path: Path | str,
    *,
    by: str,
    account: str = "",
    sheet: str | None = None,
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> LedgerApply:
    """Carry out what people wrote into an exported ledger, row by row, each in a transaction of its own.

    The column 操作 says what is to be done; its data are the cells that differ from what the ledger said when it was
    exported, and what stands in the columns at the right end. 更正 corrects the cells that differ. A row nobody touched is
    passed over. A row whose hazard has moved on since (its 版本 is no longer the one on record) is refused with what
    happened meanwhile: nothing is overwritten, and nothing is done twice.

    Args:
        by: id or name of the person whose rights count.
        account: the system account at the keyboard.
        sheet: the sheet to read, where several hold a ledger.
        dry_run: tell what would happen, write nothing.
        on_progress: called with the rows done and all rows, now and then.

    Raises:
        IntakeError, InputUnusable: the file cannot be used at all. NotFound, Ambiguous: no such person.
    """
    from rectiflow.intake import read_ledger

    caller = flow.directory().find_person(by).id
    file = read_ledger(path, sheet=sheet, today=flow.today(), exported=True)
    missing = [title for column, title in _NEEDED.items() if column not in file.columns]
    if missing:
        columns = "、".join(f"“{title}”" for title in missing)
        raise InputUnusable(
            f"{file.path.name} 没有{columns}列，不是可填办的台账；请用 rectiflow ledger export 重新导出再填。"
        )
    return _Apply(flow, file, caller, account=account, write=not dry_run, on_progress=on_progress).run()


class _Tally(Struct):
    """What happened so far."""

    applied: list[Applied] = field(default_factory=list[Applied])
    untouched: int = 0
    problems: list[RowProblem] = field(default_factory=list["RowProblem"])
    warnings: list[RowNote] = field(default_factory=list[RowNote])


class _Apply:
    """One run over one file."""

    def __init__(
        self, flow: Rectiflow, file: LedgerFile, caller: str, *, account: str, write: bool, on_progress: Progress | None
    ) -> None:
        self.flow, self.file, self.caller = flow, file, caller
        self.write, self.on_progress = write, on_progress
        text, directory = flow.library.catalogues.get("source"), flow.directory()
        names = Names(directory, load_catalogue(text, source="source") if text else None, flow.today())
        self.cells = Cells(file=file, names=names, directory=directory, today=flow.today())
        folder, columns = file.path.parent, file.columns
        self.orders = OrderReader(
            flow=flow, caller=caller, account=account, folder=folder, columns=columns, write=write
        )
        self.tally = _Tally(problems=list(file.problems), warnings=[RowNote(row=0, message=n) for n in file.notes])

    def run(self) -> LedgerApply:
        """Go through the rows in their order."""
        rows, done = self.file.rows, 0
        for at in range(0, len(rows), _CHUNK):
            some = rows[at : at + _CHUNK]
            for row, ticket, events in self._known(some):
                self._row(row, ticket, events)
                done += 1
                if self.on_progress is not None:
                    self.on_progress(done, len(rows))
        problems = tuple(sorted(self.tally.problems, key=lambda p: p.row))
        return LedgerApply(
            applied=tuple(self.tally.applied),
            untouched=self.tally.untouched,
            problems=problems,
            warnings=tuple(self.tally.warnings),
        )

    def _known(self, rows: Sequence[LedgerRow]) -> Iterable[tuple[LedgerRow, Ticket | None, Sequence[Event]]]:
        engine, district = self.flow.store.engine, self.flow.district
        numbers = [row.number for row in rows if row.number]
        tickets = {t.number: t for t in queries.tickets_of(engine, district, numbers=numbers)}
        histories = queries.histories_of(engine, district, list(tickets))
        for row in rows:
            yield row, tickets.get(row.number or ""), histories.get(row.number or "", [])

    def _problem(self, row: LedgerRow, column: str, message: str) -> None:
        self.tally.problems.append(cell_problem(self.file, row, column, message))

    # one row ----------------------------------------------------------------------------------------------------

    def _row(self, row: LedgerRow, ticket: Ticket | None, events: Sequence[Event]) -> None:
        if ticket is None:
            known = f"系统里没有编号 {row.number}，请核对" if row.number else "没有隐患编号"
            self._problem(row, "number", f"{known}；新隐患请用 rectiflow ledger import 导入")
            return
        rev = row.values.get("rev")
        since = ticket.rev - rev if isinstance(rev, int) else 0
        edits = self._edits(row, ticket, events, max(0, min(since, len(events) - 1)))
        filled = self.cells.filled(row)
        if not edits and not filled:
            self.tally.untouched += 1
            return
        obstacle = self._obstacle(row, ticket, events, since)
        if obstacle is not None:
            self._problem(row, *obstacle)
        elif "action" not in filled:
            self._without_action(row, ticket, edits, filled)
        else:
            self._with_action(row, ticket, edits, filled)

    def _edits(self, row: LedgerRow, ticket: Ticket, events: Sequence[Event], since: int) -> list[Edit]:
        workflow = self.flow.workflow_of(ticket)
        kept = events[: len(events) - since]
        state = kept[-1].to_state if kept else ticket.state
        title = workflow.states[state].title if state in workflow.states else None
        base = record_at(ticket, events, since, self.cells.directory) | {STATE: title or row.raw.get("当前环节")}
        return list(self.cells.edits(row, base, ticket, workflow))

    def _obstacle(self, row: LedgerRow, ticket: Ticket, events: Sequence[Event], since: int) -> tuple[str, str] | None:
        """Return the column and the reason why nothing at all can be done with a row that asks for something."""
        if not self._seen(ticket):
            return "number", _HIDDEN
        if not isinstance(row.values.get("rev"), int):
            return "rev", "没有版本号，看不出是哪时导出的；请重新导出台账再填"
        if since < 0:
            return "rev", f"系统里才到版本 {ticket.rev}；请重新导出台账再填"
        return ("rev", self._moved_on(ticket, events[len(events) - since :])) if since else None

    def _seen(self, ticket: Ticket) -> bool:
        if not ticket.restricted:
            return True
        snapshot = self.flow.snapshot(ticket.number)
        return may_see(snapshot.workflow, ticket, snapshot.directory, self.caller, self.flow.today(), snapshot.requests)

    def _moved_on(self, ticket: Ticket, later: Sequence[Event]) -> str:
        """Say who did what since the ledger was exported."""
        workflow, directory = self.flow.workflow_of(ticket), self.cells.directory
        told = [
            f"{chinese_date(e.happened_on)}{directory.person_name(e.actor) or '系统'}“{event_title(workflow, e)}”"
            for e in later[-_MOST_TOLD:]
        ]
        more = f"等 {len(later)} 次办理" if len(later) > _MOST_TOLD else ""
        here = workflow.states[ticket.state].title
        return f"导出之后已有新的办理：{'、'.join(told)}{more}，现为“{here}”；没有写入，请重新导出再填"

    def _without_action(self, row: LedgerRow, ticket: Ticket, edits: Sequence[Edit], filled: dict[str, str]) -> None:
        workflow = self.flow.workflow_of(ticket)
        for edit in edits:
            was = shown(edit.column, edit.was, workflow, self.cells.directory)
            hint = f"没有写入：{CLAIM_HINTS[edit.column]}" if edit.column in (*FACTS, STATE) else _UNCHANGED
            hint += _RATHER.get(edit.column, "")
            self._problem(row, edit.column, f"原为“{was}”，{hint}")
        if not edits:
            titles = "、".join(f"“{self.file.columns[column]}”" for column in filled)
            self._problem(row, "action", f"填了{titles}而没有写操作，请写要办的事（如 交办），不办的请清空")

    def _with_action(self, row: LedgerRow, ticket: Ticket, edits: Sequence[Edit], filled: dict[str, str]) -> None:
        snapshot = self.flow.snapshot(ticket.number)
        hidden = [e for e in edits if self.cells.hidden(row, e)]
        for edit in hidden:
            self._problem(row, edit.column, "这一行导出时隐去了内容，不能据此改动，请清空这一格")
        order = self.orders.read(snapshot, edits, filled, lambda column, message: self._problem(row, column, message))
        if order is None or hidden:
            return
        try:
            self._carry_out(row, ticket, snapshot, order)
        except Conflict:
            later = queries.events_of(self.flow.store.engine, self.flow.district, ticket.number)[ticket.seq :]
            self._problem(row, "rev", self._moved_on(self.flow.ticket(ticket.number), later))
        except Refused as refused:
            self._refused(row, snapshot, refused.reasons)
        except RectiflowError as exc:
            self._problem(row, "action", str(exc).rstrip("。"))

    def _carry_out(self, row: LedgerRow, ticket: Ticket, snapshot: Snapshot, order: Order) -> None:
        if snapshot.case.rev != ticket.rev:
            raise Conflict(ticket.number)
        expected = self._expected(ticket.number, order) if order.claims or not self.write else None
        if expected is not None and not self._borne_out(row, order, expected):
            return
        if expected is None or self.write:
            outcome = self.flow.handle(ticket.number, order.stimulus, expect_version=ticket.rev)
            decision, after = outcome.decision, outcome.ticket
        else:
            decision, after = expected, expected.ticket
        self.tally.warnings += [RowNote(row=row.row, message=w) for w in decision.warnings]
        done = Applied(
            row=row.row, number=ticket.number, action=order.title, before=snapshot, decision=decision, ticket=after
        )
        self.tally.applied.append(done)

    def _expected(self, number: str, order: Order) -> Decision:
        answer = self.flow.preview(number, order.stimulus)
        if isinstance(answer, Refusal):
            raise Refused(answer.number, answer.action, answer.reasons)
        return answer

    def _borne_out(self, row: LedgerRow, order: Order, decision: Decision) -> bool:
        """Check that what a row states beside its action is what the action brings about; tell what is not."""
        directory, ticket = self.cells.directory, decision.ticket
        second = decision.events[-1].private.get("data", {}).get("second_inspector")
        actor = directory.person_name(order.hand.actor)
        both = "、".join(filter(None, (actor, directory.person_name(second) if second else "")))
        workflow = self.flow.library.latest.get(ticket.workflow) or self.flow.workflow_of(ticket)
        record = record_of(ticket, Deeds(verifier=both, closer=actor)) | {STATE: workflow.states[ticket.state].title}
        wrong = [c for c in order.claims if not same(c.column, c.now, record.get(c.column))]
        for claim in wrong:
            now = shown(claim.column, record.get(claim.column), workflow, directory)
            self._problem(row, claim.column, f"“{order.title}”后这一列是“{now}”，与所填不符，请改正或改回原样")
        return not wrong

    def _refused(self, row: LedgerRow, snapshot: Snapshot, reasons: Iterable[Reason]) -> None:
        for reason in reasons:
            column = column_of(reason.subject, self.file.columns, snapshot.workflow.fields)
            hint = "，写在“其他项目”" if column == "more" and reason.code == "field_missing" else ""
            self._problem(row, column, f"{reason.message}{hint}")
