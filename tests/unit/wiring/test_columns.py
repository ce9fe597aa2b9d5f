"""When two values of a ledger column say the same."""

from __future__ import annotations

import pytest

from rectiflow._ledger.columns import same


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("measures", "清运杂物，设标识", "清运杂物，设标识"),
        ("measures", "灭火器３具\n过期", "灭火器3具 过期"),
        ("description", "'=通道堵塞", "=通道堵塞"),
        ("verifier", "安全股副股长、安全股干事", "安全股干事，安全股副股长"),
        ("funds", "1.50", "1.5"),
        ("due_on", None, None),
    ],
)
def test_same(column: str, one: str | None, other: str | None) -> None:
    """Width, blanks, the order of names and zeros at the end are no difference."""
    assert same(column, one, other)


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("measures", "清运杂物", "清运杂物。"),
        ("verifier", "安全股副股长", "安全股副股长、安全股干事"),
        ("funds", "1.5", "15"),
        ("due_on", "2024-05-20", "2024-05-21"),
        ("remarks", "已告知", None),
    ],
)
def test_different(column: str, one: str | None, other: str | None) -> None:
    """Everything else is."""
    assert not same(column, one, other)
