"""Answers that come back by mail and short message: kept first, then understood, then carried out like everything else."""

from __future__ import annotations

from .fetching import Fetched, Mark, fetch_mail, look
from .keys import ReplyKeys
from .receiving import Received, receive_callback, receive_mail, receive_receipt, receive_sms

__all__ = [
    "Fetched",
    "Mark",
    "Received",
    "ReplyKeys",
    "fetch_mail",
    "look",
    "receive_callback",
    "receive_mail",
    "receive_receipt",
    "receive_sms",
]
