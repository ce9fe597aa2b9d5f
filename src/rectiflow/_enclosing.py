"""The signed paper that goes with a message about it: written as Word when the message is put into words."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow.engine.errors import InputUnusable, RectiflowError
from rectiflow.notifiers.message import Enclosure
from rectiflow.notifiers.parameters import RESTRICTED

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers.message import Message

__all__ = ["KeptFiles", "papers_of"]

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_OF_HAZARD = {"listed": "listing_notice"}
_SIGNED = ("signed", "served", "acknowledged")
_KEY = re.compile(r"(?:[^:]+:)?paper:(?P<id>[^:]+):(?:serve|verify):\d+:.+")


class KeptFiles:
    """Reads attachments from the evidence store."""

    def __init__(self, flow: Rectiflow) -> None:
        self._flow = flow

    def read(self, sha256: str) -> bytes | None:
        """Return a kept file; None where there is none."""
        if self._flow.evidence is None:
            return None
        try:
            return self._flow.evidence.get(sha256)
        except InputUnusable:
            return None


def papers_of(flow: Rectiflow, templates: Path, message: Message) -> tuple[Enclosure, ...]:
    """Return what goes with a message: the paper that it serves or speaks of, nothing else.

    A paper that cannot be written holds no message back: what it says stands in the message too.
    """
    from rectiflow._print import print_paper

    paper = _paper(flow, message)
    if paper is None or flow.evidence is None or message.template == RESTRICTED:
        return ()
    name = f"{message.params.get('paper') or '文书'!s}.docx"
    own = templates if templates.is_dir() else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = print_paper(flow, paper, Path(folder, "paper.docx"), by=message.recipient, templates=own)
            kept = flow.evidence.put(name, out.read_bytes())
    except RectiflowError:
        return ()
    return (Enclosure(name=name, media_type=WORD, sha256=kept.sha256),)


def _paper(flow: Rectiflow, message: Message) -> str | None:
    """Return the paper that goes with a message: by its key, or the signed one that a listing (挂牌督办) speaks of."""
    found = _KEY.fullmatch(str(message.id))
    if found is not None:
        return found["id"]
    kind = _OF_HAZARD.get(message.template)
    if kind is None or message.number is None:
        return None
    signed = [d for d in flow.snapshot(message.number).documents if d.kind == kind and d.status in _SIGNED]
    return max(signed, key=lambda d: d.ordinal).id if signed else None
