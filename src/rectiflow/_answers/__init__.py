"""Answers that come back by mail and short message: kept first, then understood, then carried out like everything else."""

from __future__ import annotations

from rectiflow.notifiers.phone import dialled

from .fetching import fetch_mail
from .keys import ReplyKeys
from .receiving import Received, receive_callback, receive_mail, receive_receipt, receive_sms

__all__ = [
    "Received",
    "ReplyKeys",
    "dialled",
    "fetch_mail",
    "receive_callback",
    "receive_mail",
    "receive_receipt",
    "receive_sms",
]
