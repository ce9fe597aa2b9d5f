"""The shared state machine: the chosen transition is taken, and nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest

from rectiflow.engine.machine import StateMachine
from rectiflow.engine.workflow import Transition


def way(position: int, trigger: str, sources: Sequence[str], target: str | None) -> Transition:
    """Make a transition."""
    into = () if target else ("other",)
    return Transition(
        trigger=trigger, title=trigger, sources=tuple(sources), target=target, by=("x",), into=into, position=position
    )


FLOW = (
    way(0, "assign", ["reported"], "assigned"),
    way(1, "judge", ["assigned"], "closed"),
    way(2, "judge", ["assigned"], "reported"),
    way(3, "judge", ["assigned", "reported"], "assigned"),
    way(4, "change", ["reported"], None),
    way(5, "state", ["closed"], "reported"),
    way(6, "trigger", ["closed"], "assigned"),
)


@pytest.fixture(scope="module")
def machine() -> StateMachine:
    """A machine with one trigger that leads three ways."""
    return StateMachine(["reported", "assigned", "closed", "initial"], "reported", FLOW)


@pytest.mark.parametrize(
    ("state", "position", "target"),
    [
        ("reported", 0, "assigned"),
        ("assigned", 1, "closed"),
        ("assigned", 2, "reported"),
        ("assigned", 3, "assigned"),
        ("reported", 3, "assigned"),
        ("closed", 5, "reported"),
        ("closed", 6, "assigned"),
    ],
)
def test_takes_the_chosen_transition(machine: StateMachine, state: str, position: int, target: str) -> None:
    """Among transitions with the same trigger and source the caller's choice decides; no trigger's name is special."""
    assert machine.move(state, position) == target


@pytest.mark.parametrize(
    ("state", "position"), [("reported", 1), ("closed", 0), ("reported", 4), ("reported", 99), ("nowhere", 0)]
)
def test_refuses_what_is_not_there(machine: StateMachine, state: str, position: int) -> None:
    """A wrong state, a change of workflow and a transition that does not exist are refused."""
    with pytest.raises(ValueError, match=f"环节 {state} 没有第 {position + 1} 条流转"):
        machine.move(state, position)


def test_no_automatic_transitions(machine: StateMachine) -> None:
    """The library's own way from anywhere to anywhere does not exist."""
    assert set(machine._machine.events) == {"assign", "judge", "state", "trigger"}  # pyright: ignore[reportPrivateUsage]


def test_an_author_s_words_are_no_callbacks() -> None:
    """Names that look like dotted imports are names."""
    flow = [way(0, "os.getpid", ["os.getcwd"], "os.abort")]
    assert StateMachine(["os.getcwd", "os.abort"], "os.getcwd", flow).move("os.getcwd", 0) == "os.abort"


def test_keeps_nothing(machine: StateMachine) -> None:
    """A call leaves no trace in the machine: the next one begins where it says."""
    assert [machine.move("reported", 0) for _ in range(3)] == ["assigned"] * 3
    assert machine._machine.models == []  # pyright: ignore[reportPrivateUsage]


def test_logs_nothing(machine: StateMachine, caplog: pytest.LogCaptureFixture) -> None:
    """The library's line for every callback of every call is not written."""
    with caplog.at_level(logging.NOTSET):
        machine.move("reported", 0)
    assert not [r for r in caplog.records if r.name.startswith("transitions") and r.levelno >= logging.INFO]


def test_threads_share_a_machine(machine: StateMachine) -> None:
    """Eight threads on one machine each get what they chose."""
    expected = {1: "closed", 2: "reported", 3: "assigned"}
    wrong: list[object] = []

    def move(offset: int) -> None:
        for n in range(1000):
            position = (n + offset) % 3 + 1
            try:
                if machine.move("assigned", position) != expected[position]:
                    wrong.append(position)
                with pytest.raises(ValueError, match="没有"):
                    machine.move("closed", position)
            except BaseException as exc:
                wrong.append(exc)
                raise

    threads = [threading.Thread(target=move, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
