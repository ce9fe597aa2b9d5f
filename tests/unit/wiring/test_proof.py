"""The stage that a ledger row proves, from its columns alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from rectiflow._ledger.proof import Proof, deadline, prove

FOUND, DUE, DONE, CHECKED, CLOSED = (date(2024, 5, day) for day in (6, 20, 15, 17, 22))
COLUMNS = {
    "found_on", "responsible_unit", "due_on", "completed_on", "verified_on", "verdict", "closed_on",
}  # fmt: skip
ROW: dict[str, object] = {"found_on": FOUND, "immediate": False}


def _prove(said: Mapping[str, object], columns: set[str] = COLUMNS) -> tuple[Proof, list[str]]:
    warnings: list[str] = []
    return prove({**ROW, **said}, columns, warnings.append), warnings


def test_struck_off() -> None:
    """A day of close-out proves it closed, with every date as stated."""
    proof, warnings = _prove({"completed_on": DONE, "verified_on": CHECKED, "verdict": "pass", "closed_on": CLOSED})
    assert proof == Proof(
        proof="closed", assigned_on=FOUND, handed_in_on=DONE, passed_on=CHECKED, closed_on=CLOSED
    )  # fmt: skip
    assert not warnings


def test_failed() -> None:
    """A failed re-inspection puts it back into rectification, whatever else is filled in."""
    proof, _ = _prove({"completed_on": DONE, "verified_on": CHECKED, "verdict": "fail", "due_on": DUE})
    assert proof == Proof(proof="rectifying", assigned_on=FOUND, failed=True, failed_on=CHECKED)


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS - {"verdict"}])
def test_passed(columns: set[str]) -> None:
    """A day of re-inspection with a pass proves it; in a table without verdicts the day alone does."""
    said = {"verdict": "pass"} if "verdict" in columns else {}
    proof, warnings = _prove({"completed_on": DONE, "verified_on": CHECKED, **said}, columns)
    assert proof == Proof(proof="verified", assigned_on=FOUND, handed_in_on=DONE, passed_on=CHECKED)
    assert not warnings


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ({"verified_on": CHECKED}, "有复查时间而没有复查结论，没有按复查合格录入"),
        ({"verdict": "pass"}, "有复查合格的结论而没有复查时间，没有按复查合格录入"),
        ({}, None),
    ],
)
def test_handed_in(said: dict[str, object], warning: str | None) -> None:
    """A day of completion proves no more than that somebody should look."""
    proof, warnings = _prove({"completed_on": DONE, **said})
    assert proof == Proof(proof="pending", assigned_on=FOUND, handed_in_on=DONE)
    assert warnings == ([warning] if warning else [])


def test_being_rectified() -> None:
    """A deadline and a responsible unit prove it was assigned; 立行立改 is a deadline on the day of finding."""
    stated: tuple[dict[str, object], ...] = ({"due_on": DUE}, {"immediate": True})
    for said in stated:
        proof, warnings = _prove({"responsible_unit": "示例一镇第一小学", **said})
        assert (proof, warnings) == (Proof(proof="rectifying", assigned_on=FOUND), [])
    assert deadline({**ROW, "immediate": True}) == FOUND


def test_table_without_responsible_units() -> None:
    """Where the table has no such column, the unit itself answers."""
    proof, _ = _prove({"due_on": DUE}, COLUMNS - {"responsible_unit"})
    assert proof.proof == "rectifying"


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ({}, None),
        ({"due_on": DUE}, "没有整改责任单位，按待交办录入"),
        ({"responsible_unit": "示例一镇第一小学"}, "没有整改时限，按待交办录入，请定出时限后交办"),
    ],
)
def test_only_reported(said: dict[str, object], warning: str | None) -> None:
    """Without deadline or unit it waits for assignment, and says what is missing."""
    proof, warnings = _prove(said)
    assert proof == Proof(proof="reported")
    assert warnings == ([warning] if warning else [])
