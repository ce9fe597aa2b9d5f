"""Turns at receivers are given out by the database, one after another, whoever asks."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from rectiflow.notifiers import MemoryTurns
from rectiflow.storage.turns import FURTHEST, StoreTurns

SPACING, AHEAD, PATIENCE = 2.0, 6.0, 3.0


class Seconds:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def taken(turns: StoreTurns, name: str = "mail", patience: float = PATIENCE) -> float:
    """Take a turn."""
    return turns.take(name, spacing=SPACING, ahead=AHEAD, patience=patience)


def test_a_few_at_once_then_one_after_another(engine: Engine) -> None:
    """What is refused is not taken; other receivers have turns of their own; a quiet time makes up for it."""
    clock = Seconds()
    turns = StoreTurns(engine, clock)
    assert [taken(turns) for _ in range(7)] == [0, 0, 0, 0, 2, 4, 4]
    assert taken(turns, "sms") == 0
    assert taken(turns, patience=math.inf) == 4
    clock.now += 3600
    assert [taken(turns) for _ in range(5)] == [0, 0, 0, 0, 2]


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_long(engine: Engine) -> None:
    """What seems to be taken until next week is not believed; but no more goes than would have."""
    clock = Seconds()
    turns = StoreTurns(engine, clock)
    taken(turns)
    clock.now -= 7 * 86400
    assert [taken(turns) for _ in range(2)] == [0, 2]
    clock.now -= FURTHEST / 2
    assert taken(turns) == pytest.approx(FURTHEST / 2 + 4 - 0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.floats(0, 9), st.integers(0, 1), st.sampled_from([0.0, 3.0, 60.0])), max_size=12))
def test_it_is_the_same_as_in_one_process(engine: Engine, asked: list[tuple[float, int, float]]) -> None:
    """Two that ask the database, in turn, are told what one alone would be by its memory."""
    clock = Seconds()
    both, alone = [StoreTurns(engine, clock) for _ in range(2)], MemoryTurns(clock)
    name = f"mail {id(asked)} {len(asked)} {hash(tuple(asked))}"
    for gap, who, patience in asked:
        clock.now += gap
        expected = alone.take(name, spacing=SPACING, ahead=AHEAD, patience=patience)
        assert taken(both[who], name, patience) == pytest.approx(expected, abs=1e-5)


def test_many_at_the_same_moment(engine: Engine) -> None:
    """By the database's own clock: of forty that come together as many go as there is room for, each with a turn of its own."""

    def ask(_number: int) -> float:
        return StoreTurns(engine).take("m", spacing=100, ahead=300, patience=0)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(ask, range(40)))
    assert sum(w == 0 for w in waits) == 4
    assert all(90 < w < 110 for w in waits if w)  # the clock was read before the turn came to ask
