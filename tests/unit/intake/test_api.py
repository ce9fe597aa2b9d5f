"""What the folder offers."""

from __future__ import annotations

from rectiflow import intake


def test_everything_named_is_there_and_sorted() -> None:
    """The public names are sorted and exist."""
    assert intake.__all__ == sorted(intake.__all__)
    assert all(hasattr(intake, name) for name in intake.__all__)
