"""What goes with a message: the signed paper that it speaks of, as Word, and the photographs of what is to be done."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rectiflow.engine.enclosing import KINDS, Told, spoken_of
from rectiflow.engine.errors import InputUnusable, NotFound, RectiflowError, Refused
from rectiflow.engine.paper_letters import paper_named
from rectiflow.notifiers.digest import DIGEST
from rectiflow.notifiers.enclosures import MISSING
from rectiflow.notifiers.message import MAIL, Enclosure
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import paperwork

if TYPE_CHECKING:
    from datetime import datetime

    from rectiflow._flow import Rectiflow
    from rectiflow._pictures import Photograph
    from rectiflow.engine.ticket import Document
    from rectiflow.notifiers.message import Message

__all__ = ["ENCLOSED", "KeptFiles", "Papers", "digest_papers"]

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JPEG = "image/jpeg"
ENCLOSED = "enclosed"  #: parameter of a digest: the ids of the papers that go with it
#: Occasions whose paper is new to who gets a digest: what was decided, and what was served and held as too much for a day.
_NEW = frozenset(
    {
        "request_decided",
        "closed",
        "paper_closed",
        "paper_served",
        "paper_result",
        "paper_waiting",
        "reassigned",
        "listed",
    }
)
_TELLING = ("sign", "serve", "verify")  #: steps of a paper after which whoever is told is to have it


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
    """What goes with messages: each file made once for all who get it, as long as this is kept; one message at a time."""

    def __init__(self, flow: Rectiflow, templates: Path) -> None:
        self._flow, self._templates = flow, templates if templates.is_dir() else None
        self._kept: dict[str, Enclosure] = {}  #: by the paper's id, or the photograph's SHA-256
        self._lock = Lock()

    def of(self, message: Message) -> tuple[Enclosure, ...]:
        """Return what goes with a mail: first the signed papers, then the photographs.

        Nothing goes with what is restricted, or that the recipient may not see. What cannot be made holds no message
        back: it is named in the text.
        """
        if self._flow.evidence is None or message.template == RESTRICTED or message.channel not in (None, MAIL):
            return ()
        with self._lock:
            try:
                papers = [self._paper(p, message.recipient) for p in _papers_of(self._flow, message)]
                return (*(p for p in papers if p is not None), *self._photographs(message))
            except NotFound:  # the hazard is gone
                return ()

    def _paper(self, paper: str, by: str) -> Enclosure | None:
        from rectiflow._papers import items_of

        try:
            items = items_of(self._flow, paper, by)
        except (NotFound, Refused):
            return None
        if not items[0].paper.issued or any(i.snapshot.case.restricted for i in items):
            return None
        if paper not in self._kept:
            self._kept[paper] = self._written(items[0].paper, by)
        return self._kept[paper]

    def _written(self, paper: Document, by: str) -> Enclosure:
        from rectiflow._print import print_paper
        from rectiflow.engine.paper import title_of

        name = f"{title_of(paper)}.docx"
        try:
            with tempfile.TemporaryDirectory() as folder:
                out = print_paper(self._flow, paper.id, Path(folder, "paper.docx"), by=by, templates=self._templates)
                return self._put(name, WORD, out.read_bytes())
        except RectiflowError:  # its template, or no room
            return Enclosure(name=name, kept_back=MISSING)

    def _photographs(self, message: Message) -> Iterator[Enclosure]:
        from rectiflow._pictures import MOST_PICTURES, photographs

        for count, each in enumerate(photographs(self._flow, message)):
            if count >= MOST_PICTURES:
                yield Enclosure(name=each.name, kept_back=f"另有照片未附（一封最多 {MOST_PICTURES} 张）")
                continue
            if each.sha256 not in self._kept:
                self._kept[each.sha256] = self._small(each)
            yield replace(self._kept[each.sha256], name=each.name)

    def _small(self, photograph: Photograph) -> Enclosure:
        from rectiflow._pictures import small

        assert self._flow.evidence is not None
        try:
            made = small(self._flow.evidence.get(photograph.sha256))
            if made is None:
                return Enclosure(name=photograph.name, kept_back="照片打不开，不能附上")
            return self._put(photograph.name, JPEG, made)
        except InputUnusable:
            return Enclosure(name=photograph.name, kept_back=MISSING)

    def _put(self, name: str, media_type: str, content: bytes) -> Enclosure:
        assert self._flow.evidence is not None
        return Enclosure(name=name, media_type=media_type, sha256=self._flow.evidence.put(name, content).sha256)


def digest_papers(flow: Rectiflow, told: Told) -> list[str]:
    """Return the ids of the papers that go with a digest for one message in it: those that reach nobody otherwise.

    That of a reminder or a call does not: it was served before.
    """
    try:
        return _spoken(flow, told) if told.occasion in _NEW else []
    except NotFound:
        return []


def _papers_of(flow: Rectiflow, message: Message) -> list[str]:
    if message.template == DIGEST:
        return str(message.params.get(ENCLOSED) or "").split()
    told = Told(
        key=str(message.id),
        number=message.number,
        occasion=message.template,
        params=message.params,
        at=message.created_at,
    )
    return _spoken(flow, told)


def _spoken(flow: Rectiflow, told: Told) -> list[str]:
    """Return the papers that a message tells of: by its key the one a step was taken with, else that of its hazards."""
    served, notice = paper_named(told.key, _TELLING), paper_named(told.key, ("close",))
    if served is not None:
        return [served]
    numbers = _closed_with(flow, notice, told.at) if notice else [told.number] if told.number else []
    spoken = (spoken_of(told, flow.snapshot(n)) for n in numbers if told.occasion in KINDS)
    return list(dict.fromkeys(d.id for d in spoken if d is not None))


def _closed_with(flow: Rectiflow, notice: str, at: datetime) -> list[str]:
    """Return the hazards of a notice that were struck off in one go, at that instant."""
    numbers = paperwork.paper_items(flow.store.engine, flow.district, notice)
    return [n for n in numbers if any(e.recorded_at == at and e.public.get("step") == "close" for e in flow.history(n))]
