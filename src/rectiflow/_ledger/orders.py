"""A filled-in row becomes what is to be decided: the action, its data, and by whose hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._hands import OWN_VIAS, hand_for, read_happened
from rectiflow._steps import AMEND, VOID, named, request_named, roles_taking, trigger_named
from rectiflow.engine.errors import Ambiguous, RectiflowError
from rectiflow.engine.stimulus import Act, Amend, Ask, Attachment, Hand, Stimulus, Void
from rectiflow.engine.ticket import Plain, Snapshot
from rectiflow.engine.values import EPHEMERAL
from rectiflow.engine.vocabulary import VIAS

from .columns import FACTS, FIELDS
from .edits import STATE, Edit

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["CLAIM_HINTS", "Order", "OrderReader", "column_of"]

_PAIR = re.compile(r"(?P<name>[^=＝：:]+)[=＝：:](?P<value>.*)", re.DOTALL)
_PARTS = re.compile(r"[;；\n]+")
_FILE_PARTS = re.compile(r"[、,，;；\n]+")
_INTO = ("改判为", "into")
#: What a column of stated facts, or the state, cannot be made to say by writing it.
CLAIM_HINTS: Mapping[str, str] = {**FACTS, STATE: "环节由操作改变，请在“操作”写要办的事"}
_COLUMN_OF: Mapping[str, str] = {name: column for column, name in FIELDS.items()} | {
    "completed_on": "completed_on",
    "reason": "reason",
    "second_inspector": "second_inspector",
    "evidence": "files",
    "via": "via",
    "on": "happened_on",
    "note": "note",
    "new_due_on": "due_on",
    "level": "listed_level",
    "into": "more",
    "suggested_unit": "more",
    "merged_into": "more",
}

Problem = Callable[[str, str], None]  #: column and what is wrong there


class Order(Struct, frozen=True, kw_only=True):
    """What a row asks for; `claims` are cells that must come out as the action brings them about."""

    title: str
    stimulus: Stimulus
    hand: Hand
    claims: tuple[Edit, ...] = ()


def column_of(subject: str, columns: Mapping[str, str], fields: Container[str]) -> str:
    """Return the column a reason is about: that of its field where the table has it, else the action's.

    Args:
        columns: those the table has. fields: ids of the fields of the hazard's flow.
    """
    column = _COLUMN_OF.get(subject, "more" if subject in fields else "action")
    return column if column in columns else "action"


class OrderReader(Struct, frozen=True, kw_only=True):
    """Reads what the rows of one file ask for; what is wrong is handed to `problem`, all of it."""

    flow: Rectiflow
    caller: str
    account: str
    folder: Path  #: the ledger's: evidence files lie beside it
    columns: Mapping[str, str]
    write: bool

    def read(
        self, snapshot: Snapshot, edits: Sequence[Edit], filled: Mapping[str, str], problem: Problem
    ) -> Order | None:
        """Return what a row asks for; None when something is wrong with it."""
        return _Reading(self, snapshot, edits, filled, problem).order()


@dataclass
class _Reading:
    """One row."""

    all: OrderReader
    snapshot: Snapshot
    edits: Sequence[Edit]
    filled: Mapping[str, str]
    tell: Problem
    failed: bool = False
    data: dict[str, Plain] = field(default_factory=dict[str, Plain])

    def order(self) -> Order | None:
        text, workflow = self.filled["action"], self.snapshot.workflow
        try:
            if text in (AMEND, "amend"):
                order = self._amend()
            elif text in (VOID, "void"):
                order = self._void()
            elif (trigger := trigger_named(workflow, self.snapshot.case.state, text)) is not None:
                order = self._act(trigger)
            elif (kind := request_named(workflow, text)) is not None:
                order = self._ask(kind)
            else:
                order = None
                self._unknown(text)
        except Ambiguous as exc:
            order = None
            self._wrong("action", str(exc).rstrip("。"))
        return None if self.failed else order

    def _wrong(self, column: str, message: str) -> None:
        self.failed = True
        self.tell(column if column in self.all.columns else "action", message)

    # the kinds --------------------------------------------------------------------------------------------------

    def _amend(self) -> Order | None:
        self._not_used(AMEND, "second_inspector", "files")
        for edit in self.edits:
            if edit.column not in FIELDS:
                self._wrong(edit.column, f"不能用“更正”改：{CLAIM_HINTS[edit.column]}")
        self._more()
        self.data |= {FIELDS[e.column]: e.now for e in self.edits if e.column in FIELDS}
        if not self.data and not self.failed:
            self._wrong("action", "写了“更正”，而这一行没有改动；请把对的内容直接写进要更正的那一列")
        hand = self._hand(self.snapshot.workflow.keepers)
        return (
            hand
            if hand is None
            else Order(
                title=AMEND, hand=hand, stimulus=Amend(hand=hand, data=self.data, reason=self.filled.get("reason", ""))
            )
        )

    def _void(self) -> Order | None:
        self._not_used(VOID, "second_inspector", "files", "more")
        for edit in self.edits:
            self._wrong(edit.column, "“作废”的行不再改内容，请改回原样")
        hand = self._hand(self.snapshot.workflow.keepers)
        return (
            hand
            if hand is None
            else Order(title=VOID, hand=hand, stimulus=Void(hand=hand, reason=self.filled.get("reason", "")))
        )

    def _act(self, trigger: str) -> Order | None:
        workflow, state = self.snapshot.workflow, self.snapshot.case.state
        asked = dict.fromkeys(n for t in workflow.leaving(state, trigger) for n in t.ask)
        claims = self._taken_from(asked, {"completed_on": "completed_on"})
        into = self._more()
        hand = self._hand(roles_taking(workflow, state, trigger))
        files = self._files()
        if hand is None or files is None:
            return None
        act = Act(trigger=trigger, hand=hand, data=self.data, evidence=files, into=into)
        return Order(title=workflow.triggers[trigger], hand=hand, stimulus=act, claims=claims)

    def _ask(self, kind: str) -> Order | None:
        workflow = self.snapshot.workflow
        request = workflow.requests[kind]
        self._not_used(request.title, "second_inspector", "files")
        claims = self._taken_from((*request.ask, *request.require), {})
        if "new_due_on" in request.ask and "due_on" in self.data:
            self.data["new_due_on"] = self.data.pop("due_on")
        level = next((str(c.now) for c in claims if c.column == "listed_level" and request.levels and c.now), None)
        for claim in claims:
            if claim.column != "listed_level" or level is None:
                self._wrong(claim.column, f"“{request.title}”只是申请，不会改这一列：{CLAIM_HINTS[claim.column]}")
        self._more()
        hand = self._hand(request.by)
        return (
            hand
            if hand is None
            else Order(
                title=f"申请{request.title}", hand=hand, stimulus=Ask(kind=kind, hand=hand, data=self.data, level=level)
            )
        )

    def _unknown(self, text: str) -> None:
        workflow = self.snapshot.workflow
        here = [ts[0].title for ts in workflow.by_state.get(self.snapshot.case.state, {}).values()]
        known = dict.fromkeys((*here, *(k.title for k in workflow.requests.values()), AMEND, VOID))
        near = get_close_matches(text, known, n=2, cutoff=0.5)
        hint = f"是不是：{'、'.join(near)}？" if near else f"这一环节可写：{'、'.join(known)}"
        self._wrong("action", f"没有这一操作，{hint}")

    # its parts --------------------------------------------------------------------------------------------------

    def _taken_from(self, asked: Iterable[str], facts: Mapping[str, str]) -> tuple[Edit, ...]:
        """Take the data from the cells that differ, and texts the action asks for from their cells as they stand.

        Dates, units and persons that are asked for must be written anew: an old one would pass unnoticed.

        Returns:
            the cells that are no data.
        """
        wanted = set(asked)
        fields, known = self.snapshot.workflow.fields, self.snapshot.fields
        for name in wanted & set(FIELDS.values()):
            if name in fields and fields[name].type == "text" and known.get(name):
                self.data[name] = known[name]
        places = {**FIELDS, **{c: n for c, n in facts.items() if n in wanted}}
        self.data |= {places[e.column]: e.now for e in self.edits if e.column in places}
        for column in ("reason", "second_inspector"):
            if column in self.filled:
                self.data[column] = self.filled[column]
        return tuple(e for e in self.edits if e.column not in places)

    def _more(self) -> str | None:
        """Read 项目=内容 pairs into the data; return which workflow it is to change into, if that is said."""
        fields = self.snapshot.workflow.fields
        titles, into = {k: f.title for k, f in fields.items()}, None
        for part in filter(None, (p.strip() for p in _PARTS.split(self.filled.get("more", "")))):
            match = _PAIR.fullmatch(part)
            name = match["name"].strip() if match else ""
            if match is None or not match["value"].strip():
                self._wrong("more", f"“{part}”应写成 项目=内容，几项用；隔开")
            elif name in _INTO:
                into = self._workflow(match["value"].strip())
            else:
                self._pair(titles, name, match["value"].strip())
        return into

    def _pair(self, titles: Mapping[str, str], name: str, value: str) -> None:
        found = named(titles, name, "项目")
        column = _COLUMN_OF.get(found or "", "")
        if found is None:
            near = get_close_matches(name, (t for k, t in titles.items() if k not in EPHEMERAL), n=2, cutoff=0.4)
            self._wrong("more", f"没有“{name}”这一项" + (f"，是不是：{'、'.join(near)}？" if near else ""))
        elif column not in ("", "more") and column in self.all.columns:
            self._wrong("more", f"“{titles[found]}”请直接写在“{self.all.columns[column]}”一列")
        else:
            self.data[found] = value

    def _workflow(self, text: str) -> str | None:
        titles = {k: w.title for k, w in self.all.flow.library.latest.items()}
        found = named(titles, text, "流程")
        if found is None:
            self._wrong("more", f"没有流程“{text}”，可写：{'、'.join(titles.values())}")
        return found

    def _hand(self, roles: Iterable[str]) -> Hand | None:
        said = self.filled
        whom, via, on = said.get("whom"), self._via(said.get("via")), self._on(said.get("happened_on"))
        if whom is None and via is not None and via not in OWN_VIAS:
            self._wrong("whom", f"写了方式“{VIAS[via]}”，请写明是代哪个单位或哪个人；本人办理的，方式留空")
        if self.failed:
            return None
        note, account = said.get("note", ""), self.all.account
        try:
            return hand_for(
                self.all.flow,
                self.snapshot,
                roles,
                caller=self.all.caller,
                whom=whom,
                via=via,
                on=on,
                note=note,
                account=account,
            )
        except RectiflowError as exc:
            self._wrong("whom", str(exc).rstrip("。"))
            return None

    def _via(self, text: str | None) -> str | None:
        if text is None:
            return None
        found = named(VIAS, text, "方式")
        if found is None:
            self._wrong("via", f"没有这种方式，可写：{'、'.join(VIAS.values())}")
        return found

    def _on(self, text: str | None) -> date | None:
        if text is None:
            return None
        try:
            return read_happened(text, self.all.flow.today())
        except ValueError as exc:
            self._wrong("happened_on", str(exc))
            return None

    def _files(self) -> tuple[Attachment, ...] | None:
        """Put the files named into the evidence store; only files that lie beside the ledger, or in folders there."""
        from rectiflow._views import attach

        home = self.all.folder.resolve()
        names = [n.strip() for n in _FILE_PARTS.split(self.filled.get("files", "")) if n.strip()]
        paths = [(home / name).resolve() for name in names]
        outside = [n for n, p in zip(names, paths, strict=True) if not p.is_relative_to(home)]
        for name in outside:
            self._wrong("files", f"“{name}”不在本表所在的文件夹里，请把文件放到表的旁边")
        if self.failed:
            return None
        try:
            return attach(self.all.flow, paths, keep=self.all.write) if paths else ()
        except RectiflowError as exc:
            self._wrong("files", str(exc).rstrip("。"))
            return None

    def _not_used(self, title: str, *columns: str) -> None:
        for column in columns:
            if column in self.filled:
                self._wrong(column, f"“{title}”用不上这一列，请清空")
