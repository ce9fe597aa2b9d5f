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

__all__ = ["KeptFiles", "Papers"]

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


class Papers:
    """The papers that go with messages: each written once for all who get it, as long as this is kept."""

    def __init__(self, flow: Rectiflow, templates: Path) -> None:
        self._flow, self._templates = flow, templates if templates.is_dir() else None
        self._kept: dict[str, str] = {}

    def of(self, message: Message) -> tuple[Enclosure, ...]:
        """Return what goes with a message: the paper that it serves or speaks of, nothing else.

        A paper that cannot be written, or that the recipient may not see, holds no message back: what it says stands in
        the message too.
        """
        paper = _paper(self._flow, message)
        if paper is None or self._flow.evidence is None or message.template == RESTRICTED:
            return ()
        name = f"{message.params.get('paper') or '文书'!s}.docx"
        try:
            sha256 = self._written(paper, name, message.recipient)
        except RectiflowError:
            return ()
        return (Enclosure(name=name, media_type=WORD, sha256=sha256),)

    def _written(self, paper: str, name: str, by: str) -> str:
        from rectiflow._papers import items_of
        from rectiflow._print import print_paper

        items_of(self._flow, paper, by)  # may this person see it
        if paper not in self._kept:
            with tempfile.TemporaryDirectory() as folder:
                out = print_paper(self._flow, paper, Path(folder, "paper.docx"), by=by, templates=self._templates)
                assert self._flow.evidence is not None
                self._kept[paper] = self._flow.evidence.put(name, out.read_bytes()).sha256
        return self._kept[paper]


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
