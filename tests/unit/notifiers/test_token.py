"""Signed tokens in addresses and texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers.address import is_address
from rectiflow.notifiers.mime import message_id, thread_id
from rectiflow.notifiers.token import Token, digest_of, find, plus_address, read, sign

from .conftest import MakeMessage

KEY, OLD, OTHER = b"k" * 32, b"o" * 32, b"x" * 32
DIGEST = "0123456789abcdef0123456789abcdef"
IDENTITY = f"<rectiflow.{DIGEST}@bureau.example>"


def test_says_which_message(make_message: MakeMessage) -> None:
    """A token gives back the digits of the Message-ID it was made for, and what for."""
    identity = message_id(make_message(), "bureau.example")
    assert read([KEY], sign(KEY, identity)) == Token(digest=digest_of(identity) or "", purpose="reply")
    assert read([KEY], sign(KEY, identity, "bounce")) == Token(digest=digest_of(identity) or "", purpose="bounce")


def test_same_every_time_whatever_the_domain() -> None:
    """A retry carries the same token, and the domain of the Message-ID is no part of it."""
    assert sign(KEY, IDENTITY) == sign(KEY, f"rectiflow.{DIGEST}@sms")
    assert len(sign(KEY, IDENTITY)) == 42
    assert sign(KEY, IDENTITY) != sign(KEY, IDENTITY, "bounce")


def test_keys_are_exchanged() -> None:
    """What the old key signed is read as long as it is among the keys."""
    token = sign(OLD, IDENTITY)
    assert read([KEY, OLD], token) is not None
    assert read([KEY], token) is None
    assert read([], token) is None


def test_forgiving_to_the_eye() -> None:
    """Upper case and look-alikes are read; blanks around too."""
    token = sign(KEY, IDENTITY)
    assert read([KEY], f" {token.upper().replace('0', 'O').replace('1', 'I')} ") == read([KEY], token)


@given(
    digest=st.binary(min_size=16, max_size=16),
    place=st.integers(0, 41),
    sign_=st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"),
)
def test_one_changed_character_is_no_token(digest: bytes, place: int, sign_: str) -> None:
    """No other character in any place verifies."""
    token = sign(KEY, f"<rectiflow.{digest.hex()}@bureau.example>")
    forged = token[:place] + sign_ + token[place + 1 :]
    assert (read([KEY], forged) is not None) == (forged == token)
    assert read([OTHER], token) is None


@given(st.text(max_size=60) | st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=42, max_size=42))
def test_made_up_tokens_do_not_verify(text: str) -> None:
    """Neither any text nor any 42 characters are a token."""
    assert read([KEY], text) is None
    assert find([KEY], [text]) is None


def test_found_in_addresses_subjects_and_texts() -> None:
    """The first valid one counts; what only looks like one is passed over."""
    token, wrong = sign(KEY, IDENTITY), sign(OTHER, IDENTITY)
    for text in (
        f"safety+{token}@bureau.example",
        f"回复：整改通知 [{token}]",
        f"——请在此行以上回复（回执码 {token}）——",
    ):
        assert find([KEY], ["", wrong, text]) == Token(digest=DIGEST, purpose="reply")
    assert find([KEY], [f"safety+x{token}@bureau.example"]) is None
    assert find([KEY], [" ".join(["a" * 42] * 60 + [token])]) is None  # more tries than a mail needs


def test_fits_into_an_address() -> None:
    """The local part stays below 64 characters; a longer one is refused in words."""
    address = plus_address("safety@bureau.example", sign(KEY, IDENTITY))
    assert is_address(address)
    assert len(address.partition("@")[0]) == 49
    assert is_address(plus_address("a" * 21 + "@bureau.example", sign(KEY, IDENTITY)))
    with pytest.raises(ValueError, match="最多 21 个字符"):
        plus_address("a" * 22 + "@bureau.example", sign(KEY, IDENTITY))
    with pytest.raises(ValueError, match="不能带回执码"):
        plus_address("安全股@bureau.example", sign(KEY, IDENTITY))


@pytest.mark.parametrize(
    "identity", ["", "<x@y.example>", thread_id("420704", "LZH-2024-000123", "bureau.example"), IDENTITY + "\nX"]
)
def test_foreign_message_ids_get_no_token(identity: str) -> None:
    """Only the Message-ID of a row of the outbox does; the one of a ticket's thread does not."""
    with pytest.raises(ValueError, match="不是本程序的 Message-ID"):
        sign(KEY, identity)


def test_short_keys_are_refused() -> None:
    """A key of less than 16 bytes neither signs nor verifies."""
    for use in (lambda: sign(b"short", IDENTITY), lambda: read([b"short"], sign(KEY, IDENTITY))):
        with pytest.raises(ValueError, match="至少 16 字节"):
            use()
