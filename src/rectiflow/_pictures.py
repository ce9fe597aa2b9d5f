"""The photographs that go with a message which gives work or sends it back: which they are, and small enough for a mail."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from io import BytesIO
from itertools import chain, takewhile, zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rectiflow.engine.paper_letters import paper_named
from rectiflow.storage import paperwork, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.ticket import Snapshot
    from rectiflow.notifiers.message import Message

__all__ = ["MOST_PICTURES", "Photograph", "photographs", "small"]

MOST_PICTURES = 6  #: of one mail
MOST_SIDE = 1280  #: pixels; enough to read a label in a photograph of a room
MOST_PIXELS = 100_000_000  #: of a photograph that is opened at all
_QUALITY = 80  #: of a JPEG: 100 to 250 thousand bytes at that size

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff")

_FOUND, _NOW, _VERIFIER = "隐患照片", "现场照片", "复查照片"
#: Occasion → whose photographs it shows: of what was found, and those handed in with the very action.
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "assigned": (_FOUND, _NOW),
    "reassigned": (_FOUND, _NOW),
    "returned": (_FOUND, _NOW),
    "reopened": (_FOUND, _NOW),
    "failed": (_VERIFIER,),
}


class Photograph(Struct, frozen=True, kw_only=True):
    """A kept photograph, and what it is called where it is shown: neither whose telephone took it nor when."""

    name: str
    sha256: str


def photographs(flow: Rectiflow, message: Message) -> list[Photograph]:
    """Return the photographs that a message shows; of a paper, the first of every item, then the second of every item.

    Those of a restricted hazard are shown in no message.

    Raises:
        NotFound: there is no such hazard any more.
    """
    key = str(message.id)
    served, judged = paper_named(key, ("serve",)), paper_named(key, ("verify",))
    if served is not None and message.template == "paper_served":
        return _of_items(flow, served, _demanded, _FOUND)
    if judged is not None:
        return _of_items(flow, judged, _not_good, _VERIFIER)
    shown = _SHOWN.get(message.template, ())
    if not shown or message.number is None:
        return []
    snapshot = flow.snapshot(message.number)
    if snapshot.case.restricted:
        return []
    found = _found(flow, snapshot) if _FOUND in shown else []
    now = [f for f in _handed_in(flow, snapshot, {message.sequence}) if f not in found]
    return [*_named(_FOUND, found), *_named(shown[-1], now)]


def small(content: bytes) -> bytes | None:
    """Return a photograph as a JPEG of at most MOST_SIDE pixels a side, upright, and with nothing beside the picture.

    Where and when it was taken, and with whose telephone, is left behind. None where it cannot be opened.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            opened.thumbnail((MOST_SIDE, MOST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            if upright.has_transparency_data:
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright.convert("RGBA"))
            bare = upright.convert("RGB")
            bare.info.clear()  # a comment would be written again
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
    written = BytesIO()
    bare.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def _of_items(
    flow: Rectiflow, paper: str, files_of: Callable[[Rectiflow, Snapshot, str], list[str]], title: str
) -> list[Photograph]:
    """Return the photographs of the items of a paper, each named by its place on it."""
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper)
    snapshots = [flow.snapshot(n) for n in numbers]
    if any(s.case.restricted for s in snapshots):
        return []
    by_item = [_named(f"第{k}项{title}", files_of(flow, s, paper)) for k, s in enumerate(snapshots, start=1)]
    return [p for p in chain.from_iterable(zip_longest(*by_item)) if p is not None]


def _named(title: str, files: Iterable[str]) -> list[Photograph]:
    return [Photograph(name=f"{title}{count}.jpg", sha256=sha256) for count, sha256 in enumerate(files, start=1)]


def _demanded(flow: Rectiflow, snapshot: Snapshot, notice: str) -> list[str]:
    """Return what was found, where it is a notice that stands which demands that it be put right."""
    said = next((d for d in snapshot.documents if d.id == notice), None)
    return _found(flow, snapshot) if said is not None and said.issued and said.kind == "rectification_notice" else []


def _found(flow: Rectiflow, snapshot: Snapshot) -> list[str]:
    """Return what was handed in from the report on until somebody was given the hazard."""
    states = snapshot.workflow.states
    lines = flow.history(snapshot.case.number)
    waits = takewhile(lambda e: e.to_state in states and states[e.to_state].stage == "reported", lines)
    return _handed_in(flow, snapshot, {1, *(e.seq for e in waits)})


def _not_good(flow: Rectiflow, snapshot: Snapshot, opinion: str) -> list[str]:
    """Return what the verifier took of an item that an opinion finds not good."""
    states = snapshot.workflow.states
    judged = (e for e in flow.history(snapshot.case.number) if e.public.get("document") == opinion)
    failed = {
        e.seq for e in judged if e.kind == "acted" and e.to_state in states and states[e.to_state].stage != "verified"
    }
    return _handed_in(flow, snapshot, failed)


def _handed_in(flow: Rectiflow, snapshot: Snapshot, lines: Container[int]) -> list[str]:
    """Return the photographs, by their SHA-256 and each once, that were handed in with some lines of the history."""
    rows = queries.evidence_of(flow.store.engine, snapshot.case.district, snapshot.case.number)
    return list(dict.fromkeys(r["sha256"] for r in rows if r["seq"] in lines and _is_picture(r)))


def _is_picture(row: Mapping[str, Any]) -> bool:
    return row["media_type"].startswith("image/") or PurePath(row["name"]).suffix.lower() in _ENDINGS
