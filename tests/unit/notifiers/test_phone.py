"""Mobile numbers."""

from __future__ import annotations

import pytest

from rectiflow.notifiers.phone import mobile, reachable


@pytest.mark.parametrize(
    "written", ["13800000001", "+8613800000001", "8613800000001", "0086 138-0000-0001", " 138 0000 0001 "]
)
def test_a_mobile_number_however_it_is_written(written: str) -> None:
    """Prefixes and gaps go."""
    assert mobile(written) == "13800000001"


@pytest.mark.parametrize(
    "written", [None, "", "0711-3870001", "12800000001", "1380000000", "138000000012", "１３８０００００００１"]
)
def test_what_is_no_mobile_number(written: str | None) -> None:
    """Neither a landline nor a digit too few, too many or full-width."""
    assert mobile(written) is None


@pytest.mark.parametrize(
    ("phone", "good"),
    [
        *((p, True) for p in ("13800000001", "+86 138 0000 0001", "0711-3866666", "010-12345678", "07113866666-802")),
        *((p, False) for p in ("1381234567", "12345", "3866666", "138000000011", "021-123", "校长", "")),
    ],
)
def test_what_reaches_a_person(phone: str, good: bool) -> None:
    """A mobile of eleven digits or a landline with its area code; not a number that lacks a digit."""
    assert reachable(phone) is good
