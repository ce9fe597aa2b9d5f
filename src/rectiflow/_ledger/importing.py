"""A ledger comes in: new rows as stated facts in batches, known rows compared, changed cells corrected on demand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Conflict, Reason, Refused
from rectiflow.engine.load import load_catalogue
from rectiflow.engine.opening import import_reasons
from rectiflow.engine.stimulus import Amend, Hand
from rectiflow.engine.ticket import Plain, Ticket
from rectiflow.engine.visibility import may_see
from rectiflow.storage import queries
from rectiflow.storage.store import KeyTaken

from .columns import FACTS, FIELDS, same, shown
from .entries import GENERAL, Entry, Reading
from .names import Names
from .outcome import Difference, LedgerImport, RowNote
from .record import deeds_of, given_in, record_of, stated_in
from .summary import summary

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.chain import Event
    from rectiflow.intake import LedgerFile, LedgerRow

__all__ = ["import_ledger"]

BATCH = 200  #: rows that go in with one transaction
Progress = Callable[[int, int], None]
_Any = TypeVar("_Any")


def import_ledger(
    flow: Rectiflow,
    path: Path | str,
    *,
    by: str,
    year: int | None = None,
    sheet: str | None = None,
    dry_run: bool = False,
    update: bool = False,
    on_progress: Progress | None = None,
) -> LedgerImport:
    """Take over a hazard ledger: good rows go in although others are bad, each at the stage its columns prove.

    A row is known by the hazard's number, else by unit, day and description: the same file again creates nothing.
    A known row that says something else is shown as a difference. Nobody is sent a message about single rows; the Safety
    Section gets one summary.

    Args:
        by: id or name of the person who imports; a keeper of the flow.
        year: the year of dates written without one.
        sheet: the sheet to read, where several hold a ledger.
        dry_run: tell what would happen, write nothing.
        update: correct what differs, as an amendment with its event; what only an action may change is reported.
        on_progress: called with the rows done and all rows, now and then.

    Raises:
        IntakeError: the file cannot be used at all.
        Refused: the person may not take over ledgers. NotFound, Ambiguous: no such person.
    """
    from rectiflow.intake import read_ledger

    hand = flow.hand(by)
    _check_person(flow, hand)
    file = read_ledger(path, year=year, sheet=sheet, today=flow.today())
    return _Import(flow, file, hand, write=not dry_run, update=update, on_progress=on_progress).run()


def _check_person(flow: Rectiflow, hand: Hand) -> None:
    workflows = flow.library.latest
    workflow = workflows.get(GENERAL) or next(iter(workflows.values()))
    reasons = import_reasons(flow.blank(workflow), hand, flow.now())
    if reasons:
        raise Refused("", "导入台账", reasons)


class _Tally(Struct):
    """What happened so far."""

    created: int = 0
    unchanged: int = 0
    updated: int = 0
    changed: list[Difference] = field(default_factory=list[Difference])
    numbers: dict[int, str] = field(default_factory=dict[int, str])
    notes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    entered: list[Decision] = field(default_factory=list[Decision])


class _Import:
    """One run over one file."""

    def __init__(
        self, flow: Rectiflow, file: LedgerFile, hand: Hand, *, write: bool, update: bool, on_progress: Progress | None
    ) -> None:
        self.flow, self.file, self.hand = flow, file, hand
        self.write, self.update, self.on_progress = write, update, on_progress
        directory, today = flow.directory(), flow.today()
        text = flow.library.catalogues.get("source")
        sources = load_catalogue(text, source="source") if text else None
        self.reading = Reading(
            file=file,
            names=Names(directory, sources, today),
            workflows=flow.library.latest,
            district=directory.district,
            own_unit=directory.unit_of(hand.actor, today),
            problems=list(file.problems),
        )
        self.tally = _Tally()
        self.done = 0

    def run(self) -> LedgerImport:
        """Take in what is new, then look at what is known."""
        new, known = self._sorted(self._entries())
        self._progress(len(self.file.rows) - len(new) - len(known))
        for some in _batches(new):
            self._enter(some)
            self._progress(len(some))
        for pairs in _batches(known):
            self._compare(pairs)
            self._progress(len(pairs))
        if self.write and self.tally.created:
            self.flow.enqueue(summary(self.flow, self.file, self.tally.entered, f"import:{secrets.token_hex(6)}"))
        return self._outcome()

    # which row is which -----------------------------------------------------------------------------------------

    def _entries(self) -> list[Entry]:
        return [entry for row in self.file.rows if (entry := self.reading.entry(row)) is not None]

    def _sorted(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[tuple[Entry, Ticket]]]:
        """Part the rows into new ones and known ones; one that says what an earlier one said is a problem."""
        numbers = [e.row.number for e in entries if e.row.number]
        engine, district = self.flow.store.engine, self.flow.district
        by_number = {t.number: t for t in queries.tickets_of(engine, district, numbers=numbers)}
        keys = [e.key for e in entries if e.row.number not in by_number]
        by_key = {t.key or "": t for t in queries.tickets_of(engine, district, keys=keys)}
        new, known = list[Entry](), list[tuple[Entry, Ticket]]()
        first_rows: dict[str, int] = {}
        for entry in entries:
            ticket = by_number.get(entry.row.number or "") or by_key.get(entry.key)
            first = first_rows.setdefault(ticket.number if ticket else entry.key, entry.row.row)
            if first != entry.row.row:
                self.reading.problem(entry.row, "description", f"与第 {first} 行是同一条隐患，请删去重复的一行")
            elif ticket is not None:
                known.append((entry, ticket))
            elif self._may_be_new(entry):
                new.append(entry)
        return new, known

    def _may_be_new(self, entry: Entry) -> bool:
        number = entry.row.number or ""
        if self.reading.is_own_number(number):
            message = f"系统里没有编号 {number}，请核对；是新隐患的，编号留空"
            self.reading.problem(entry.row, "number", message)
            return False
        if "description" not in entry.said:
            self.reading.problem(entry.row, "description", "这是导出时隐去的受限类描述，不能据此新建隐患")
            return False
        return True

    # new rows ---------------------------------------------------------------------------------------------------

    def _enter(self, entries: Sequence[Entry]) -> None:
        now = self.flow.now()
        decided = [(e, d) for e in entries if (d := self._decided(e, now)) is not None]
        stored = self._carried_out(decided) if self.write else dict[int, str]()
        self.tally.numbers |= stored
        made = [d for e, d in decided if not self.write or e.row.row in stored]
        self.tally.created += len(made)
        self.tally.entered += made

    def _decided(self, entry: Entry, now: datetime) -> Decision | None:
        workflow = entry.workflow
        decision = decide(workflow, self.flow.blank(workflow), entry.stimulus(self.hand), now)
        if isinstance(decision, Refusal):
            self._refused(entry.row, decision.reasons)
            return None
        self.tally.notes += [(entry.row.row, note) for note in (*entry.notes, *decision.warnings)]
        return decision

    def _carried_out(self, decided: Sequence[tuple[Entry, Decision]]) -> dict[int, str]:
        """Write one batch in one transaction; return the numbers given, by row."""
        try:
            tickets = self.flow.create_all([d for _, d in decided])
        except KeyTaken:  # somebody else takes over the same ledger at this moment
            return self._one_by_one(decided)
        return {e.row.row: t.number for (e, _), t in zip(decided, tickets, strict=True)}

    def _one_by_one(self, decided: Sequence[tuple[Entry, Decision]]) -> dict[int, str]:
        numbers: dict[int, str] = {}
        for entry, decision in decided:
            try:
                numbers[entry.row.row] = self.flow.create_all([decision])[0].number
            except KeyTaken:
                self.tally.unchanged += 1
                self.tally.numbers[entry.row.row] = self.flow.store.by_key(self.flow.district, entry.key) or ""
        return numbers

    def _refused(self, row: LedgerRow, reasons: Iterable[Reason]) -> None:
        columns = {name: column for column, name in FIELDS.items()}
        for reason in reasons:
            self.reading.problem(row, columns.get(reason.subject, "description"), reason.message)

    # known rows -------------------------------------------------------------------------------------------------

    def _compare(self, pairs: Sequence[tuple[Entry, Ticket]]) -> None:
        engine, district = self.flow.store.engine, self.flow.district
        histories = queries.histories_of(engine, district, [t.number for _, t in pairs])
        for entry, ticket in pairs:
            self.tally.numbers[entry.row.row] = ticket.number
            found = list(self._differences(entry, ticket, histories.get(ticket.number, [])))
            if not found:
                self.tally.unchanged += 1
            elif self.update and self.write:
                self._correct(entry, ticket, found)
            else:
                self.tally.changed += found

    def _differences(self, entry: Entry, ticket: Ticket, events: Sequence[Event]) -> Iterator[Difference]:
        """Yield each cell that says neither what is on record now nor what it said when it was taken over."""
        directory = self.flow.directory()
        record, base = record_of(ticket, deeds_of(events, directory)), _first_said(events)
        workflow = self.flow.workflow_of(ticket)
        rev = entry.row.values.get("rev")
        stale = isinstance(rev, int) and rev != ticket.rev
        seen = may_see(workflow, ticket, directory, self.hand.actor, self.flow.today())
        for column, now in entry.said.items():
            if same(column, now, record.get(column)) or same(column, now, base.get(column)):
                continue
            yield Difference(
                row=entry.row.row,
                column=self.file.letters.get(column, "—"),
                number=ticket.number,
                field=column,
                title=self.file.columns.get(column, column),
                was=shown(column, record.get(column), workflow, directory) if seen else "（限制类，另行查看）",
                now=shown(column, now, workflow, directory),
                obstacle=_STALE if stale else FACTS.get(column, ""),
            )

    def _correct(self, entry: Entry, ticket: Ticket, found: Sequence[Difference]) -> None:
        """Amend what may be amended; report the rest by row."""
        wanted = {FIELDS[d.field]: entry.said[d.field] for d in found if not d.obstacle}
        obstacles = {d.field: d.obstacle for d in found if d.obstacle}
        applied = self._amend(entry, ticket.number, wanted, obstacles)
        for difference in found:
            obstacle = obstacles.get(difference.field, "")
            done = not obstacle and FIELDS.get(difference.field) in applied
            self.tally.changed.append(replace(difference, applied=done, obstacle=obstacle))
            if obstacle:
                self.reading.problem(entry.row, difference.field, f"没有更正（原为“{difference.was}”）：{obstacle}")
        self.tally.updated += bool(applied)

    def _amend(self, entry: Entry, number: str, data: dict[str, Plain], obstacles: dict[str, str]) -> frozenset[str]:
        """Amend as many fields as the flow allows; return them. What is refused becomes an obstacle."""
        columns = {name: column for column, name in FIELDS.items()}
        reason = f"台账更新：{self.file.path.name} 第 {entry.row.row} 行"
        while data:
            try:
                self.flow.handle(number, Amend(hand=self.hand, data=data, reason=reason))
            except Refused as refused:
                barred = {r.subject: r.message for r in refused.reasons if r.subject in data}
                obstacles |= {columns[name]: message for name, message in barred.items()}
                if len(barred) < len(refused.reasons):
                    self._refused(entry.row, (r for r in refused.reasons if r.subject not in barred))
                    return frozenset()
                data = {name: value for name, value in data.items() if name not in barred}
            except Conflict as conflict:
                self._refused(entry.row, [Reason(code="conflict", message=str(conflict))])
                return frozenset()
            else:
                return frozenset(data)
        return frozenset()

    # the end ----------------------------------------------------------------------------------------------------

    def _progress(self, count: int) -> None:
        self.done += count
        if self.on_progress is not None:
            self.on_progress(self.done, len(self.file.rows))

    def _outcome(self) -> LedgerImport:
        notes = [(0, note) for note in self.file.notes]
        if any(row.values.get("action") for row in self.file.rows):
            notes.append((0, "“操作”一列填了内容，导入时不办理；要办理请用 rectiflow ledger apply"))
        notes += [(row.row, warning) for row in self.file.rows for warning in row.warnings if _worth_saying(warning)]
        notes += self.tally.notes
        return LedgerImport(
            created=self.tally.created,
            unchanged=self.tally.unchanged,
            updated=self.tally.updated,
            changed=tuple(sorted(self.tally.changed, key=lambda d: d.row)),
            problems=tuple(sorted(self.reading.problems, key=lambda p: p.row)),
            warnings=tuple(RowNote(row=row, message=text) for row, text in sorted(dict.fromkeys(notes))),
            skipped=self.file.skipped,
            numbers=self.tally.numbers,
        )


_STALE = "导出之后这条隐患又有新的办理，请重新导出再改"


def _first_said(events: Sequence[Event]) -> dict[str, Plain]:
    """Return what the ledger said when the hazard was taken over, by column; nothing for others."""
    if not events or events[0].kind != "imported":
        return {}
    data = given_in(events[0])
    said = {column: data.get(name) for column, name in FIELDS.items()} | stated_in(events[0])
    return {c: v for c, v in said.items() if v is not None}


def _worth_saying(warning: str) -> bool:
    """A number whose middle we hid ourselves cannot be dialled, and need not be."""
    return "****" not in warning


def _batches(items: Sequence[_Any]) -> Iterator[Sequence[_Any]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
