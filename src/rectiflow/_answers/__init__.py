"""Answers that come back by mail and short message: kept first, then understood, then carried out like everything else."""

from __future__ import annotations

from rectiflow.notifiers.phone import reachable

from .callbacks import receive_callback
from .fetching import Fetched, Mark, fetch_mail, look
from .keys import ReplyKeys
from .receiving import receive_mail, receive_sms
from .recording import Received
from .returning import receive_receipt

__all__ = [
    "Fetched",
    "Mark",
    "Received",
    "ReplyKeys",
    "fetch_mail",
    "look",
    "reachable",
    "receive_callback",
    "receive_mail",
    "receive_receipt",
    "receive_sms",
]
