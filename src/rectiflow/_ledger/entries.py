"""One row of a ledger, understood: which workflow, which stage, which values, and what it says column by column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from rectiflow.engine.stimulus import Hand, Import
from rectiflow.engine.ticket import Plain
from rectiflow.engine.workflow import Workflow

from .columns import FACTS, FIELDS, MASKED
from .names import Names
from .outcome import cell_problem
from .proof import Proof, deadline, prove

if TYPE_CHECKING:
    from rectiflow.engine.directory import District
    from rectiflow.intake import LedgerFile, LedgerRow, RowProblem

__all__ = ["Entry", "Reading", "ledger_key"]

GENERAL, MAJOR = "hazard", "major_hazard"
_OTHER = "other"  #: the category of a row that names none
_SOURCE_BY_KIND = {"town": "town", "partner": "joint", "committee": "superior", "government": "superior"}


class Entry(Struct, frozen=True, kw_only=True):
    """A row of a ledger, ready to be taken over or compared.

    `said` holds what the row says by column, as ids, ISO dates and plain text; an empty cell says nothing.
    `data` holds the values of the new hazard by field, with what had to be assumed; `notes` says what was assumed.
    """

    row: LedgerRow
    workflow: Workflow
    key: str
    proof: Proof
    said: Mapping[str, Plain]
    data: Mapping[str, Plain]
    notes: tuple[str, ...] = ()

    def stimulus(self, hand: Hand) -> Import:
        """Return the stimulus that takes the row over."""
        listed = self.said.get("listed_level")
        kept = {c: v for c, v in self.said.items() if FIELDS.get(c) not in self.data}
        proof = self.proof
        return Import(
            hand=hand,
            data=self.data,
            key=self.key,
            proof=proof.proof,
            assigned_on=proof.assigned_on,
            handed_in_on=proof.handed_in_on,
            passed_on=proof.passed_on,
            closed_on=proof.closed_on,
            failed=proof.failed,
            failed_on=proof.failed_on,
            listed=listed,
            stated={**kept, **({"number": self.row.number} if self.row.number else {})},
        )


def ledger_key(unit: str, found_on: date, description: str) -> str:
    """Return what tells a hazard without a number apart: unit, day and description, without width and punctuation."""
    from rectiflow.intake import normalise_description

    text = f"{unit}|{found_on.isoformat()}|{normalise_description(description)}"
    return f"ledger:{sha256(text.encode()).hexdigest()}"


@dataclass
class Reading:
    """Understands the rows of one file; what is wrong with them is gathered on the way."""

    file: LedgerFile
    names: Names
    workflows: Mapping[str, Workflow]
    district: District
    own_unit: str | None  #: the unit of the person who imports
    problems: list[RowProblem] = field(default_factory=list["RowProblem"])

    def entry(self, row: LedgerRow) -> Entry | None:
        """Understand one row; None when it has problems."""
        return _RowReading(self, row).read()

    def problem(self, row: LedgerRow, column: str, message: str) -> None:
        """Note why a row cannot be taken, at its cell."""
        self.problems.append(cell_problem(self.file, row, column, message))

    def is_own_number(self, number: str) -> bool:
        """Tell whether a number has the form of those given here."""
        return re.fullmatch(rf"{re.escape(self.district.prefix)}-\d{{4}}-\d+", number) is not None


class _RowReading:
    """Understands one row, column by column."""

    def __init__(self, all_rows: Reading, row: LedgerRow) -> None:
        self.all = all_rows
        self.row = row
        self.values = row.values
        self.notes: list[str] = []
        self.failed = False
        self.workflow = self._workflow()
        self.said: dict[str, Plain] = {}
        self.data: dict[str, Plain] = {}

    def read(self) -> Entry | None:
        proof = prove(self.values, self.all.file.columns, self.warn)
        self._plain()
        self._dates()
        unit = self._units()
        self._person(proof)
        self._category()
        self._source()
        found, description = self.values["found_on"], str(self.values["description"])
        if self.failed or unit is None or not isinstance(found, date):
            return None
        if description == MASKED:
            self.said.pop("description")
        self.data = {FIELDS[c]: v for c, v in self.said.items() if c in FIELDS} | self.data
        known = self.workflow.fields
        data = {name: value for name, value in self.data.items() if name in known and value is not None}
        key = ledger_key(unit, found, description)
        return Entry(
            row=self.row,
            workflow=self.workflow,
            key=key,
            proof=proof,
            said=self.said,
            data=data,
            notes=tuple(self.notes),
        )

    def warn(self, message: str) -> None:
        self.notes.append(message)

    def _wrong(self, column: str, message: str) -> None:
        self.failed = True
        self.all.problem(self.row, column, message)

    def _workflow(self) -> Workflow:
        workflows = self.all.workflows
        general = workflows.get(GENERAL) or next(iter(workflows.values()))
        if self.values.get("severity") != "major":
            return general
        if MAJOR not in workflows:
            self.warn("没有重大隐患的流程，按一般隐患的流程办理")
        return workflows.get(MAJOR, general)

    def _plain(self) -> None:
        """Take over texts, amounts and words with a meaning as they are."""
        for column in (*FIELDS, *FACTS):
            value = self.values.get(column)
            if value is None or isinstance(value, date):
                continue
            self.said[column] = "、".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else str(value)
        for column in ("unit", "responsible_unit", "inspecting_unit", "responsible_person", "category", "method"):
            self.said.pop(column, None)

    def _dates(self) -> None:
        for column in ("found_on", "completed_on", "verified_on", "closed_on"):
            value = self.values.get(column)
            if isinstance(value, date):
                self.said[column] = value.isoformat()
        due_on = deadline(self.values)
        if due_on is not None:
            self.said["due_on"] = due_on.isoformat()
        if self.said.get("completed_on"):
            self.data["completed_on"] = self.said["completed_on"]

    def _units(self) -> str | None:
        """Find the units; the hazard's own answers for it unless another one is named."""
        own, responsible = self._unit("unit"), self._unit("responsible_unit")
        if responsible is None and own is not None:
            self.data["responsible_unit"] = own
        self._inspecting_unit(own)
        return own

    def _unit(self, column: str) -> str | None:
        text = self._text(column)
        if not text:
            return None
        unit = self.all.names.unit(text)
        if unit is None:
            self._wrong(column, self.all.names.near_units(text))
            return None
        self.said[column] = unit.id
        return unit.id

    def _inspecting_unit(self, own: str | None) -> None:
        from rectiflow.intake import split_names

        text = self._text("inspecting_unit")
        named = [u for name in split_names(text) if (u := self.all.names.unit(name)) is not None]
        if named:
            self.said["inspecting_unit"] = named[0].id
            return
        assumed = own if self._said_source() == "self" else self.all.own_unit
        self.data["inspecting_unit"] = assumed
        if text:
            name = self.all.names.directory.unit_name(assumed)
            self.warn(f"没有排查单位“{text}”，按“{name}”记")

    def _person(self, proof: Proof) -> None:
        from rectiflow.intake import split_names

        unit = self.said.get("responsible_unit") or self.data.get("responsible_unit")
        text = self._text("responsible_person")
        named = split_names(text)
        found = [p for name in named if (p := self.all.names.person(name, unit)) is not None]
        if found:
            self.said["responsible_person"] = found[0]
        if len(found) > 1:
            self.warn(f"整改责任人写了几位，按第一位“{self.all.names.directory.person_name(found[0])}”记")
        elif text and not found:
            name = self.all.names.directory.unit_name(unit)
            self.warn(f"“{name}”的人员里没有“{text}”，整改责任人留空，请补人员后更正")
        elif not text and proof.proof == "rectifying":
            self.warn("没有整改责任人，请补上")

    def _category(self) -> None:
        catalogue = self.workflow.catalogues.get("category")
        text = self._text("category")
        if catalogue is None:
            self.said |= {"category": text} if text else {}
        elif text:
            found = self.all.names.category(text, catalogue)
            if found is None:
                titles = "、".join(i.title for i in catalogue.items.values() if i.parent is None)
                self._wrong("category", f"目录里没有这个类别，请改成其中之一（或其下的小类）：{titles}")
            self.said["category"] = found
        elif _OTHER in catalogue.items:
            self.data["category"] = _OTHER
            self.warn(f"没有写类别，按“{catalogue.items[_OTHER].title}”记")

    def _source(self) -> None:
        text, found = self._text("method"), self._said_source()
        if found is not None:
            self.said["method"] = found
            return
        source = self.workflow.fields.get("source")
        choices = source.choices if source is not None else dict[str, str]()
        assumed = self._assumed_source()
        self.data["source"] = assumed if assumed in choices else next(iter(choices), None)
        said = f"看不出检查方式“{text}”是哪种来源" if text else "没有写来源"
        self.warn(f"{said}，按“{choices.get(self.data['source'] or '', '')}”记")

    def _said_source(self) -> str | None:
        field_of = self.workflow.fields.get("source")
        text = self._text("method")
        return self.all.names.source(text, field_of.choices) if field_of is not None and text else None

    def _assumed_source(self) -> str:
        """Tell the source from who inspected: the unit itself, its town, a partner, else the bureau."""
        inspecting = self.said.get("inspecting_unit") or self.data.get("inspecting_unit")
        unit = self.all.names.directory.units.get(inspecting or "")
        if unit is None:
            return "bureau"
        return "self" if unit.id == self.said.get("unit") else _SOURCE_BY_KIND.get(unit.kind, "bureau")

    def _text(self, column: str) -> str:
        value = self.values.get(column)
        return value if isinstance(value, str) else ""
