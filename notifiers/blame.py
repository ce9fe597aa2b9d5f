"""Whose fault it is that a message came back: the address's, a passing one of the other side, or the message's own."""

from __future__ import annotations

from .carriers import Blame
from .judging import NOBODY, UNWANTED, Bounce

__all__ = ["Blame", "blame_of_mail"]

#: Subjects and details of RFC 3463 (and RFC 7505 for 1.10) that speak of the address; 4.1 and 4.4 are what Exchange and
#: Postfix say of a name or a domain that does not exist, but of a network that is away too: those two are told by words.
_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
_MESSAGE_SUBJECTS = frozenset({"3", "5", "6", "7"})  #: the system's, the protocol's, the content's, the policy's
_MESSAGE = frozenset({"1.7", "1.8", "2.3"})  #: the sender's address is bad; the mail is too long for the mailbox


def blame_of_mail(bounce: Bounce) -> Blame | None:
    """Say whose fault a returned mail is; None where it is only late and still being tried (RFC 3464, action delayed).

    The enhanced status code decides (RFC 3463); where it says nothing (x.0.0, none, or a routing failure, x.4.x), the words do.

    Returns:
        "address" there is nobody of that name, "busy" the mailbox is full or the other side had trouble, "message" the mail
        itself was not wanted: too large, refused for its words or its sender.
    """
    if not bounce.permanent:
        return None
    subject = bounce.status.partition(".")[2]
    if subject in _ADDRESS:
        return "address"
    if subject in _MESSAGE or (subject.partition(".")[0] in _MESSAGE_SUBJECTS):
        return "message"
    if subject in ("", "0.0") or subject.startswith("4."):
        if UNWANTED.search(bounce.diagnostic):
            return "message"
        return "address" if NOBODY.search(bounce.diagnostic) else "busy"
    return "busy"
