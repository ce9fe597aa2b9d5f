"""The turn of the year: in batches, repeatable, and only what is open from before."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rectiflow import Rectiflow
from rectiflow._clock import SetClock
from rectiflow._ledger import apply_ledger, export_ledger, import_ledger, roll_over
from rectiflow._ledger import rollover as rolling
from rectiflow._sheet import events
from rectiflow.engine.errors import Refused
from rectiflow.engine.moments import at_hour
from rectiflow.intake import read_ledger
from rectiflow.storage import queries

KEEPER = "安全股股长"


def _report(flow: Rectiflow, description: str, **data: Any) -> str:
    given: dict[str, Any] = {"category": "消防安全", "source": "bureau", "unit": "示例一镇第一小学"}
    return flow.report("hazard", by=KEEPER, found_on=flow.today(), description=description, **given | data).number


def _new_year(flow: Rectiflow) -> None:
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(at_hour(date(2025, 1, 6), 9))


def test_open_hazards_go_over(anywhere: Rectiflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several batches; again: nothing; the closed and the new stay; the ledger shows it and still comes back."""
    flow = anywhere
    monkeypatch.setattr(rolling, "BATCH", 2)
    old = [_report(flow, f"第{n}处") for n in range(5)]
    flow.do(old[4], "不予认定", by=KEEPER, reason="重复")
    _new_year(flow)
    new = _report(flow, "新年第一处")
    told = len(queries.messages(flow.store.engine, flow.district))
    seen: list[tuple[int, int]] = []
    dry = roll_over(flow, 2025, by=KEEPER, dry_run=True)
    assert (dry.carried, flow.ticket(old[0]).rev) == (old[:4], 1)
    done = roll_over(flow, 2025, by=KEEPER, on_progress=lambda n, total: seen.append((n, total)))
    assert (done.carried, done.already, done.refused, seen) == (old[:4], [], {}, [(2, 4), (4, 4)])
    assert len(queries.messages(flow.store.engine, flow.district)) == told
    again = roll_over(flow, 2025, by=KEEPER)
    assert (again.carried, again.already) == ([], old[:4])
    assert [flow.ticket(n).marks.get("carried_into") for n in (*old, new)] == [2025] * 4 + [None, None]
    assert not [b for _, _, breaks in flow.audit() for b in breaks]
    assert events(flow, old[0], by=KEEPER)[-1].title == "结转到 2025 年"
    path = tmp_path / "台账.xlsx"
    export_ledger(flow, path, by=KEEPER)
    shown = {row.number: row.raw.get("结转情况") for row in read_ledger(path).rows}
    assert (shown[old[0]], shown[new]) == ("结转到2025年", None)
    assert apply_ledger(flow, path, by=KEEPER).untouched == len(shown)
    assert import_ledger(flow, path, by=KEEPER).unchanged == len(shown)


def test_a_batch_in_which_somebody_works(flow: Rectiflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a batch changed meanwhile: the others are not lost, and it is carried over as it then stands."""
    numbers = [_report(flow, text) for text in "甲乙"]
    _new_year(flow)
    change_all = flow.change_all

    def late(decisions: Any) -> Any:
        flow.amend(numbers[1], by=KEEPER, reason="补", place="东楼")
        return change_all(decisions)

    monkeypatch.setattr(flow, "change_all", late)
    assert roll_over(flow, 2025, by=KEEPER).carried == numbers
    ticket = flow.ticket(numbers[1])
    assert (ticket.fields["place"], ticket.marks["carried_into"], ticket.rev) == ("东楼", 2025, 3)


@pytest.mark.parametrize("year", [2023, 2026, 1])
def test_a_year_that_cannot_be(flow: Rectiflow, year: int) -> None:
    """Only into the present year or the next; nothing is carried."""
    number = _report(flow, "甲")
    with pytest.raises(Refused, match=f"只能结转到 2024 年或 2025 年，不能到 {year} 年"):
        roll_over(flow, year, by=KEEPER)
    assert flow.ticket(number).rev == 1


def test_who_may_not(flow: Rectiflow) -> None:
    """A headmaster carries nothing over; each hazard says why."""
    number = _report(flow, "甲")
    done = roll_over(flow, 2025, by="示例一镇第一小学校长")
    assert (done.carried, list(done.refused)) == ([], [number])
    assert "不是这条隐患的" in done.refused[number][0]
