"""Signed tokens: which of our messages an answer or a bounce is about.

A token does not hold district, ticket and person: signed, they would not fit into the 64 characters of a local part
(RFC 5321, 4.5.3.1.1). It holds the 16 bytes that make our Message-ID unique; the row of the outbox with that
Message-ID says what was told to whom. So a mail, its bounce and its answer name the same row by the same digits.

26 bytes: 16 of the Message-ID, 10 of HMAC-SHA256 (80 bits, the least RFC 2104 allows of a truncated HMAC), written
in base 32 without i, l, o, u (Crockford) as 42 characters. With `safety+` that makes 49.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from .address import domain_of, is_address

__all__ = ["MIN_KEY", "Purpose", "Token", "digest_of", "find", "plus_address", "read", "sign"]

Purpose = Literal[
    "reply", "bounce"
]  #: an answer by a person, or a return path (VERP); one is never taken for the other

MIN_KEY = 16  #: bytes; RFC 2104 wants the length of the hash, half of it still is beyond guessing
LENGTH = 42  #: characters
MAX_LOCAL = 64  #: characters of a local part, RFC 5321 4.5.3.1.1
_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"
_MISREAD = str.maketrans("oil", "011")
_NAMED, _MAC = 16, 10  #: bytes
_IDENTITY = re.compile(r"<?rectiflow\.([0-9a-f]{32})@[^<>@\s]+>?")
_WHERE = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Za-z]{{{LENGTH}}}(?![0-9A-Za-z])")
_MAX_TRIED = 50  #: runs of letters in one text that may be tokens


class Token(Struct, frozen=True, kw_only=True):
    """What a valid token says: the message, by the 32 hexadecimal digits of its Message-ID, and what it was given for."""

    digest: str
    purpose: Purpose


def digest_of(identity: str) -> str | None:
    """Return the 32 digits that make a Message-ID of ours; None for any other."""
    match = _IDENTITY.fullmatch(identity.strip())
    return match[1] if match else None


def sign(key: bytes, identity: str, purpose: Purpose = "reply") -> str:
    """Return the token for a message, 42 lower-case letters and digits, the same every time.

    Args:
        key: the first of the keys, at least 16 random bytes.
        identity: the message's Message-ID, as `mime.message_id` makes it.
        purpose: reply, or bounce for the return path.

    Raises:
        ValueError: the key is too short, or the Message-ID is none of ours.
    """
    digest = digest_of(identity)
    if digest is None:
        raise ValueError(f"“{identity}”不是本程序的 Message-ID，不能签发回执码。")
    named = bytes.fromhex(digest)
    return _written(named + _mac(key, named, purpose))


def read(keys: Sequence[bytes], token: str) -> Token | None:
    """Return what a token says, or None when no key made it. Any of the keys may: the older ones still verify.

    Upper case, and o, i and l for 0 and 1, are read as what they look like.

    Raises:
        ValueError: a key is too short.
    """
    whole = _bytes_of(token.strip().lower().translate(_MISREAD))
    if whole is None:
        return None
    named, mac = whole[:_NAMED], whole[_NAMED:]
    found: Purpose | None = None
    for key in keys:
        for purpose in ("reply", "bounce"):
            if hmac.compare_digest(mac, _mac(key, named, purpose)):
                found = purpose
    return Token(digest=named.hex(), purpose=found) if found else None


def find(keys: Sequence[bytes], texts: Iterable[str]) -> Token | None:
    """Return the first valid token in addresses, a subject or a text; the most trusted text comes first."""
    for text in texts:
        for tried, match in enumerate(_WHERE.finditer(text)):
            if tried == _MAX_TRIED:
                break
            if (token := read(keys, match[0])) is not None:
                return token
    return None


def plus_address(address: str, token: str) -> str:
    """Return `safety+<token>@bureau.example` for `safety@bureau.example`; with a bounce token it is a return path.

    Raises:
        ValueError: the result is no address, or its local part is longer than 64 characters.
    """
    local = f"{address.rpartition('@')[0]}+{token}"
    made = f"{local}@{domain_of(address)}"
    if len(local) > MAX_LOCAL or not is_address(made):
        most = MAX_LOCAL - LENGTH - 1
        raise ValueError(f"邮箱“{address}”不能带回执码：@ 之前最多 {most} 个字符，且须是有效地址。")
    return made


def _mac(key: bytes, named: bytes, purpose: str) -> bytes:
    if len(key) < MIN_KEY:
        raise ValueError(f"回执码的密钥只有 {len(key)} 字节，至少 {MIN_KEY} 字节，请重新生成。")
    return hmac.new(key, f"rectiflow {purpose} 1\0".encode() + named, hashlib.sha256).digest()[:_MAC]


def _written(whole: bytes) -> str:
    number = int.from_bytes(whole, "big")
    return "".join(_SIGNS[number >> 5 * place & 31] for place in reversed(range(LENGTH)))


def _bytes_of(token: str) -> bytes | None:
    """Return the 26 bytes of a token; None when it is none: 42 characters hold two bits more, and they must be 0."""
    if len(token) != LENGTH or not set(token) <= set(_SIGNS):
        return None
    number = 0
    for sign_ in token:
        number = number << 5 | _SIGNS.index(sign_)
    return number.to_bytes(_NAMED + _MAC, "big") if number >> 8 * (_NAMED + _MAC) == 0 else None
