"""Mail addresses that may stand in an envelope."""

from __future__ import annotations

import pytest

from rectiflow.notifiers.address import domain_of, is_address


@pytest.mark.parametrize(
    "text",
    ["head@school.example", "a.b+c@qq.com", f"{'a' * 64}@school.example", "a-b@school.example", "o'neill@a-b.example"],
)
def test_plain_addresses_pass(text: str) -> None:
    """Ordinary addresses are accepted."""
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "head",
        "head@",
        "@school.example",
        "a@b@c.example",
        "head@school.example\nBcc: all@school.example",
        "head@school.example, all@school.example",
        "校长 <head@school.example>",
        "head @school.example",
        '"head"@school.example',
        "校长@school.example",
        "head@学校.example",
        "head@-school.example",
        "head@school..example",
        "head@school.example>",
        "a" * 250 + "@b.example",
        f"{'a' * 70}@school.example",
        f"a@{'.'.join(['b' * 60] * 5)}.example",
        "a@b",
        "a@b.",
        "x@localhost",
        "-oQ/tmp@school.example",
    ],
)
def test_everything_else_is_refused(text: str | None) -> None:
    """Breaks, lists, display names, quotes and characters outside ASCII are not an address."""
    assert not is_address(text)


def test_domain_of() -> None:
    """The domain is what follows the @."""
    assert domain_of("head@school.example") == "school.example"
