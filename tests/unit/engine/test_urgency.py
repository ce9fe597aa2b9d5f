"""What is told at once, and what waits for the digest of the day."""

from __future__ import annotations

import pytest

from rectiflow.engine import urgency
from rectiflow.engine.ladder import Rung
from support.district import at, workflows

#: of each definition: what is handed to somebody, given back, taken back, or is a danger not yet dealt with
AT_ONCE = {
    "hazard": {"assign", "fail", "return", "reassign", "recall", "reopen"},
    "hard_to_rectify": {"assign", "fail", "return", "reassign", "recall", "reopen"},
    "major_hazard": {"confirm", "control", "report_up", "assign", "fail", "reassign", "recall", "reopen"},
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_steps_of_the_work(name: str) -> None:
    """A result, an application and a report of progress wait; nothing that has to be done now does."""
    workflow = workflows()[name]
    steps = [t for t in workflow.transitions if t.target is not None]
    states = workflow.states
    found = {t.trigger for t in steps for s in t.sources if urgency.of_transition(workflow, t, states[s])}
    assert found == AT_ONCE[name]
    assert {"submit", "close", "sign"} <= {t.trigger for t in steps} - found


@pytest.mark.parametrize("name", AT_ONCE)
def test_steps_of_ladders(name: str) -> None:
    """The day itself is told at once, its repeats are not; of a major hazard every first step, and by the hour all."""
    workflow, major = workflows()[name], name == "major_hazard"
    for clock in workflow.clocks.values():
        hourly = clock.id in ("control", "report_up")
        for step in clock.steps:
            first, again = (Rung(at("2024-09-20"), step, n) for n in (0, 1))
            assert urgency.of_rung(workflow, clock, first) == (hourly or major or step.at.amount == 0)
            assert urgency.of_rung(workflow, clock, again) == hourly
    assert any(s.at.amount == 0 and s.act == "remind" for s in workflow.clocks["rectify"].steps)


@pytest.mark.parametrize("name", AT_ONCE)
def test_requests(name: str) -> None:
    """Listing and delisting, and everything about a major hazard."""
    workflow = workflows()[name]
    found = {k.id for k in workflow.requests.values() if urgency.of_request(workflow, k)}
    assert found == (set(workflow.requests) if name == "major_hazard" else {"listing", "delisting"})


@pytest.mark.parametrize("name", AT_ONCE)
def test_every_repeat_widens(name: str) -> None:
    """Who was told three times is told more seldom."""
    repeats = [s for c in workflows()[name].clocks.values() for s in c.steps if s.every is not None]
    assert len(repeats) > 5
    assert all(s.widen for s in repeats)
