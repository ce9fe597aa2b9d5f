"""Mail addresses as they may stand in an envelope."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.headerregistry import Address

from rectiflow.engine.mail_address import faults_of

__all__ = ["domain_of", "is_address", "is_domain"]


def is_address(text: str | None) -> bool:
    """Say whether the text is exactly one plain ASCII address `local@domain`.

    Its parts are within the limits of RFC 5321, its domain has a dot, and it does not begin like an option of a program.
    Addresses outside ASCII need servers with SMTPUTF8 all the way; they are refused here rather than bounced.
    """
    if not text or faults_of(text) or not text.isascii() or not text.isprintable():
        return False
    if " " in text or '"' in text or text.count("@") != 1:
        return False
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError):
        return False
    return bool(address.username) and is_domain(address.domain)


def is_domain(text: str) -> bool:
    """Say whether the text is a domain name in ASCII."""
    return text.isascii() and all(_is_label(label) for label in text.split("."))


def domain_of(address: str) -> str:
    """Return the part after the @."""
    return address.rpartition("@")[2]


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.replace("-", "").isalnum() and label[0] != "-" != label[-1]
