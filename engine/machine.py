"""One shared state machine per workflow version, behind one small door.

The machine knows no ticket: nothing is bound to it and nothing kept in it, so threads share it. Every call brings a
tiny context of its own with the present state and the transition chosen by the caller; the condition of each
transition lets through that one alone. What an author wrote reaches the machine as names of states and triggers,
never as a callback: the library would import a callback given as text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transitions import EventData, Machine

    from .workflow import Transition

__all__ = ["StateMachine"]

_STATE = "_state"  #: attribute of the context; no trigger can be called so, names begin with a letter


class _Context:
    """What one call hands to the machine."""

    __slots__ = ("_state", "chosen")

    def __init__(self, state: str, chosen: int) -> None:
        self._state = state
        self.chosen = chosen

    @property
    def state(self) -> str:
        """Where the machine has put the ticket."""
        return self._state


class StateMachine:
    """The states and transitions of one workflow version; immutable once built, safe in threads."""

    def __init__(self, states: Iterable[str], initial: str, transitions: Sequence[Transition]) -> None:
        self._triggers = {t.position: t.trigger for t in transitions if t.target is not None}
        self._machine = _build(states, initial)
        for t in transitions:
            if t.target is not None:
                self._machine.add_transition(
                    t.trigger, source=list(t.sources), dest=t.target, conditions=[_chosen(t.position)]
                )

    def move(self, state: str, position: int) -> str:
        """Take the transition at `position` of its workflow from `state` and return the new state.

        Raises:
            ValueError: there is no such transition from that state.
        """
        from transitions import MachineError

        context = _Context(state, position)
        trigger = self._triggers.get(position)
        try:
            moved = trigger is not None and self._machine.events[trigger].trigger(context)
        except (MachineError, ValueError) as exc:
            raise ValueError(_refused(state, position)) from exc
        if not moved:
            raise ValueError(_refused(state, position))
        return context.state


def _build(states: Iterable[str], initial: str) -> Machine:
    from transitions import Machine

    logging.getLogger("transitions").setLevel(logging.WARNING)  # it logs every callback of every call
    return Machine(
        model=None,
        states=list(states),
        initial=initial,
        auto_transitions=False,
        send_event=True,
        queued=False,
        ignore_invalid_triggers=False,
        model_attribute=_STATE,
    )


def _chosen(position: int) -> Callable[[EventData], bool]:
    def condition(event: EventData) -> bool:
        return isinstance(event.model, _Context) and event.model.chosen == position

    return condition


def _refused(state: str, position: int) -> str:
    return f"环节 {state} 没有第 {position + 1} 条流转"
