"""The stories told beside the built-in definitions, performed one by one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rectiflow.engine.scenario import ScenarioResult, run_scenario, untaken
from support.district import calendar, directory, workflows

FOLDER = Path(__file__).parents[2] / "workflows" / "definitions" / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))


@cache
def performed(path: Path) -> ScenarioResult:
    """Perform a file of stories once, whichever tests look at it."""
    return run_scenario(path.read_text("utf-8"), path.name, workflows(), directory(), calendar())


@pytest.mark.parametrize("path", FILES, ids=[f.stem for f in FILES])
def test_stories_come_out_as_told(path: Path) -> None:
    """Every expectation of every story is met."""
    result = performed(path)
    assert not result.problems, "\n".join(map(str, result.problems))
    assert not result.failures, "\n".join(map(str, result.failures))
    assert result.passed
    assert len(result.stories) >= 10


@pytest.mark.parametrize("name", sorted(workflows()))
def test_every_action_is_told(name: str) -> None:
    """No action of a built-in definition is without a story."""
    assert untaken(workflows()[name], map(performed, FILES)) == ()
