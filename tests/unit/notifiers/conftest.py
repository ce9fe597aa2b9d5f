"""What the tests of telling share: the built-in templates, a clock that stands still, messages and contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rectiflow.notifiers import Contact, Message, TemplateSet, builtin_templates

START = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai

MakeMessage = Callable[..., Message]
MakeContact = Callable[..., Contact]


@dataclass(slots=True)
class Clock:
    """A clock that moves only when told to."""

    time: datetime = START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.time

    def forward(self, by: timedelta) -> None:
        """Move on."""
        self.time += by


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 09:30 on 2 December 2024."""
    return Clock()


@pytest.fixture(scope="session")
def templates() -> TemplateSet:
    """The templates that come with the program."""
    return TemplateSet.load([builtin_templates()])


@pytest.fixture(scope="session")
def make_message() -> MakeMessage:
    """Make a message; what is not given is an assignment to the head of a school."""

    def make(**given: Any) -> Message:
        defaults: dict[str, Any] = {
            "id": 7,
            "district": "420704",
            "number": "LZH-2024-000123",
            "sequence": 1,
            "recipient": "p-head",
            "template": "assigned",
            "template_version": 0,
            "params": {"number": "LZH-2024-000123", "unit": "太和镇中心小学", "due_on": "2024年12月31日"},
            "created_at": START,
        }
        return Message(**{**defaults, **given})

    return make


@pytest.fixture(scope="session")
def make_contact() -> MakeContact:
    """Make a contact; what is not given is the head of a school with mail and telephone."""

    def make(**given: Any) -> Contact:
        defaults: dict[str, Any] = {
            "person": "p-head",
            "name": "太和镇中心小学校长",
            "email": "head@school.example",
            "phone": "13800000001",
        }
        return Contact(**{**defaults, **given})

    return make
