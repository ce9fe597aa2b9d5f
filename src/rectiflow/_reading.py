"""Looking: tickets, histories, the organisation, and what could be done; nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from msgspec.structs import replace

from rectiflow.engine.actions import Action, actions
from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.chain import ChainBreak, Event, check_chain, check_standing
from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import Ambiguous, NotFound
from rectiflow.engine.moments import local_day
from rectiflow.engine.ticket import Snapshot, Ticket
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import definitions, organisation, queries, schema
from rectiflow.storage.decode import Loaded
from rectiflow.storage.queries import TicketFilter
from rectiflow.storage.store import Store

from ._clock import Clock, SystemClock
from ._library import Library

__all__ = ["Reading"]

_MOST_DIGITS = 9  #: of a short number


class Reading:
    """What can be asked of a database about one district; whoever changes something builds on it."""

    def __init__(self, store: Store, library: Library, *, district: str, clock: Clock, calendar: WorkCalendar) -> None:
        self.store = store
        self.library = library
        self.district = district
        self.clock = clock
        self.calendar = calendar
        self._directories: dict[str, Directory] = {}
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time decisions are made at: the database's own where it has one and the clock is the system's."""
        if isinstance(self.clock, SystemClock):
            return self.store.now() or self.clock.now()
        return self.clock.now()

    def today(self) -> date:
        """Return the local day."""
        return local_day(self.now())

    def directory(self, district: str | None = None) -> Directory:
        """Return the organisation as last read; `refresh` reads it anew."""
        code = district or self.district
        found = self._directories.get(code)
        return found if found is not None else self.refresh(code)

    def refresh(self, district: str | None = None) -> Directory:
        """Read the organisation from the database."""
        code = district or self.district
        directory = organisation.read_directory(self.store.engine, code)
        with self._lock:
            self._directories[code] = directory
        return directory

    def find(self, text: str) -> str:
        """Return the full number for one written short: 123 for LZH-2024-000123.

        Of several years the one still open is meant.

        Raises:
            NotFound: nothing fits.
            Ambiguous: hazards of several years fit, and not exactly one of them is open.
        """
        text = text.strip().upper()
        if not text.isdecimal():
            return text
        if len(text) > _MOST_DIGITS:
            raise NotFound(f"没有编号以 {text[:_MOST_DIGITS]}… 结尾的隐患。")
        found = queries.find_numbers(self.store.engine, self.district, int(text))
        if not found:
            raise NotFound(f"没有编号以 {int(text):06d} 结尾的隐患。")
        return found[0] if len(found) == 1 else self._meant(text, found)

    def find_together(self, texts: Sequence[str]) -> dict[str, str]:
        """Return the full numbers for several written short in one breath, of which some alone fit several years.

        9-16 means the hazards of the one year in which every one of them is open; empty when there is no such year.
        """
        waiting = {t: self._open_by_head(int(t)) for t in texts if t.isdecimal() and len(t) <= _MOST_DIGITS}
        heads = dict.fromkeys(h for w in waiting.values() for h in w)
        every = [h for h in heads if all(h in w for w in waiting.values())]
        return {t: w[every[0]] for t, w in waiting.items()} if len(every) == 1 else {}

    def _open_by_head(self, serial: int) -> dict[str, str]:
        """Return the open hazards of a running number by what stands before it in the full one: prefix and year."""
        found = queries.find_numbers(self.store.engine, self.district, serial)
        known = [t for n in found for t in self._known(n)]
        waiting = (t.number for t in known if self.words_of(t).states[t.state].final is None)
        return {n.rpartition("-")[0]: n for n in waiting}

    def _meant(self, text: str, found: Sequence[str]) -> str:
        """Return which of several years' hazards a short number means: the only open one."""
        states = {n: self.words_of(t).states[t.state] for n in found for t in self._known(n)}
        if len(states) == 1:
            return next(iter(states))
        waiting = [n for n, state in states.items() if state.final is None]
        if len(waiting) == 1:
            return waiting[0]
        fitting = "、".join(f"{n}（{state.title}）" for n, state in states.items())
        raise Ambiguous(f"“{text}”不止一条：{fitting}，请写全编号。")

    def _known(self, number: str) -> tuple[Ticket, ...]:
        """Return the ticket of a number that was given out; none where it lies in another database by now."""
        try:
            return (self.ticket(number),)
        except NotFound:
            return ()

    def ticket(self, number: str) -> Ticket:
        """Return a ticket.

        Raises:
            NotFound: there is no such number.
        """
        return self._load(number).ticket

    def workflow_of(self, ticket: Ticket) -> Workflow:
        """Return the workflow version a ticket is on.

        Raises:
            NotFound: the database does not know it.
        """
        key = (ticket.district, ticket.workflow, ticket.version)
        bound = self.library.bound.get(key)
        return bound or self.library.bind(ticket.district, definitions.read_definition(self.store.engine, *key))

    def words_of(self, ticket: Ticket) -> Workflow:
        """Return the workflow to name a ticket's state and fields by, for lists: its own version.

        Where the database has lost that one, the newest of the same name stands in if it knows the state: one hazard must
        not keep the list of all others from being shown. Nothing is decided by it.

        Raises:
            NotFound: there is neither.
        """
        try:
            return self.workflow_of(ticket)
        except NotFound:
            newest = self.library.latest.get(ticket.workflow)
            if newest is None or ticket.state not in newest.states:
                raise
            return newest

    def actions(self, number: str, *, by: str) -> tuple[Action, ...]:
        """Return everything that could be done with a ticket, allowed or refused with every reason."""
        snapshot = self._snapshot(self._load(number))
        return actions(snapshot, self.directory().find_person(by).id, self.now())

    def tickets(
        self,
        wanted: TicketFilter | None = None,
        *,
        overdue: bool | None = None,
        unit: str | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> list[Ticket]:
        """List tickets in the order of their numbers, those after the cursor `after`.

        Args:
            wanted: the whole filter; `overdue` and `unit` (with everything under it) narrow it.
        """
        chosen = wanted or TicketFilter()
        if overdue:
            chosen = replace(chosen, overdue_on=self.today())
        if unit is not None:
            directory = self.directory()
            chosen = replace(chosen, units=directory.below(directory.find_unit(unit).id))
        return queries.tickets(self.store.engine, self.district, chosen, after=after, limit=limit)

    def history(self, number: str) -> list[Event]:
        """Return a ticket's history in order, with its private parts."""
        return queries.events_of(self.store.engine, self.ticket(number).district, number)

    def histories(self) -> Iterator[Event]:
        """Yield every line of every history of the district, ticket by ticket."""
        for _, events in queries.histories(self.store.engine, self.district):
            yield from events

    def guard_breaks(self) -> list[ChainBreak]:
        """Say which append-only triggers are missing from the database."""
        return [ChainBreak(number="数据库", seq=0, message=m) for m in schema.trigger_problems(self.store.engine)]

    def audit(self) -> Iterator[tuple[str, int, tuple[ChainBreak, ...]]]:
        """Check every history of the district, and that each ticket stands where its history leaves it.

        Yields:
            number, how many lines, what is wrong with them.
        """
        for number, ticket, events in queries.chains(self.store.engine, self.district):
            yield number, len(events), _breaks(number, ticket, events)

    def blank(self, workflow: Workflow) -> Snapshot:
        """Return the snapshot a new ticket is decided from."""
        return Snapshot(
            workflow=workflow,
            ticket=None,
            clocks={},
            requests=(),
            documents=(),
            directory=self.directory(),
            calendar=self.calendar,
            library=self.library.latest,
        )

    def snapshot(self, number: str) -> Snapshot:
        """Return what a decision about this ticket would see now."""
        return self._snapshot(self._load(number))

    def _load(self, number: str) -> Loaded:
        """Read a ticket of our own district: persons of another one may bear the same ids."""
        loaded = self.store.load(number)
        if loaded.ticket.district != self.district:
            raise NotFound(f"编号“{number}”的隐患属于另一个区（{loaded.ticket.district}），请在那个区办理。")
        return loaded

    def _time_of(self, loaded: Loaded) -> datetime:
        """Return the time a decision on what was just read is made at: the database said it with the answer."""
        return loaded.read_at if loaded.read_at and isinstance(self.clock, SystemClock) else self.now()

    def _snapshot(self, loaded: Loaded) -> Snapshot:
        directory = self.directory(loaded.ticket.district)
        if directory.revision != loaded.revision:
            directory = self.refresh(loaded.ticket.district)
        return Snapshot(
            workflow=self.workflow_of(loaded.ticket),
            ticket=loaded.ticket,
            clocks=loaded.clocks,
            requests=loaded.requests,
            documents=loaded.documents,
            directory=directory,
            calendar=self.calendar,
            library=self.library.latest,
        )


def _breaks(number: str, ticket: Ticket | None, events: Sequence[Event]) -> tuple[ChainBreak, ...]:
    """Say what is wrong with a ticket and its history, read at one moment."""
    if not events:
        return (ChainBreak(number=number, seq=0, message="办理记录全部缺失"),)
    if ticket is None:
        lost = ChainBreak(number=number, seq=len(events), message="隐患登记缺失，只剩办理记录")
        return (*check_chain(number, events), lost)
    return (*check_chain(number, events, ticket.head), *check_standing(ticket, events))
