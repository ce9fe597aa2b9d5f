"""What a paper says: put together from the hazards while it is a draft, frozen when it is signed, printed from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from rectiflow._papers import items_of
from rectiflow._sheet import event_title
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.paper import Item
from rectiflow.engine.ticket import Document, Plain
from rectiflow.engine.values import as_date, show
from rectiflow.engine.vocabulary import LEVELS, METHODS, PAPERS
from rectiflow.storage import paperwork

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.chain import Event
    from rectiflow.engine.directory import Directory
    from rectiflow.reports.paper import Paper, PaperItem

__all__ = ["ENDINGS", "frozen", "paper_of", "paragraphs", "print_paper", "write_own_template"]

ENDINGS = (".docx", ".html")
_SECRET = "（限制类，另行说明）"


def paper_of(flow: Rectiflow, paper: str, by: str) -> Paper:
    """Return what a paper says: as it was signed, or as the hazards now stand while it is a draft.

    Raises:
        NotFound: there is no such paper. Refused: a hazard on it is restricted and the person not involved.
    """
    items = items_of(flow, paper, by)
    body = paperwork.paper_text(flow.store.engine, flow.district, paper)
    said = _thawed(body) if body is not None else _composed(flow, items)
    document = items[0].paper
    status = "served" if document.status == "acknowledged" else document.status
    signer = flow.directory().person_name(document.signed_by) if document.signed_by else said.signer
    secret = {i.number for i in items if i.snapshot.case.restricted}
    return replace(
        said,
        items=tuple(_masked(i) if i.number in secret else i for i in said.items),
        request=tuple((title, _SECRET) for title, _ in said.request) if secret else said.request,
        number=document.number,
        status=status,
        signed_on=document.signed_on,
        signer=signer,
        made_at=flow.now(),
    )


def print_paper(flow: Rectiflow, paper: str, out: Path, *, by: str, templates: Path | None = None) -> Path:
    """Write a paper as .docx or .html, with the district's own template where there is one.

    Raises:
        InputUnusable: another ending, or the file cannot be written. ReportError: the district's template is unusable.
    """
    from rectiflow.reports import render_paper_html, render_paper_word
    from rectiflow.reports.files import save

    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise InputUnusable(f"“{out.name}”的格式不认识，请写成 .docx 或 .html。")
    said = paper_of(flow, paper, by)
    own = templates / f"{PAPERS[said.kind]}{ending}" if templates is not None else None
    template = own if own is not None and own.is_file() else None
    word = ending == ".docx"
    out.parent.mkdir(parents=True, exist_ok=True)
    save(out, render_paper_word(said, template) if word else render_paper_html(said, template).encode())
    return out


def paragraphs(flow: Rectiflow, paper: str, by: str) -> list[str]:
    """Return what a paper says as lines of text, to be read on the screen before it is signed.

    Raises:
        NotFound: there is no such paper. Refused: a hazard on it is restricted and the person not involved.
    """
    from rectiflow.reports import render_paper_html

    reader = _Lines()
    reader.feed(render_paper_html(paper_of(flow, paper, by)))
    return [line for line in reader.lines if line]


def write_own_template(kind: str, folder: Path) -> list[Path]:
    """Write the built-in templates of a kind into a folder, for the district to change; return where they are.

    Raises:
        InputUnusable: one is there already, and may have been changed. FileUnwritable: the folder cannot be written.
    """
    from rectiflow.reports import write_paper_template

    targets = [folder / f"{PAPERS[kind]}{ending}" for ending in ENDINGS]
    there = [str(t) for t in targets if t.exists()]
    if there:
        raise InputUnusable(f"{'、'.join(there)} 已存在，没有覆盖；要重新来过，先改名或删掉。")
    folder.mkdir(parents=True, exist_ok=True)
    for target in targets:
        write_paper_template(kind, target)
    return targets


class _Lines(HTMLParser):
    """Reads the text of a page, a line for each block and for each row of a table; what is only looks is passed over."""

    _BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "tr", "li", "caption", "section"})
    _VOID = frozenset({"br", "hr", "img", "meta", "link", "col"})
    _UNREAD = frozenset({"style", "title", "script"})

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._unread: list[str] = []  #: open tags since one that is not read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._VOID:
            self.lines[-1] += "  " if tag == "br" else ""
        elif self._unread or tag in self._UNREAD or ("aria-hidden", "true") in attrs:
            self._unread.append(tag)
        elif tag in self._BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._unread:
            self._unread.pop()
        elif tag in self._BLOCKS:
            self.lines.append("")
        elif tag in ("td", "th"):
            self.lines[-1] += "  "

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.lines[-1] += " ".join(data.split())


def frozen(flow: Rectiflow, items: Sequence[Item]) -> dict[str, Any]:
    """Return what a paper says as plain data, to be kept with its signature."""
    said = asdict(_composed(flow, items))
    return {k: _plain(v) for k, v in said.items()}


def _thawed(body: Mapping[str, Any]) -> Paper:
    from rectiflow.reports.paper import Paper, PaperItem

    said = _dated(Paper, body)
    said["items"] = tuple(PaperItem(**_dated(PaperItem, i)) for i in body["items"])
    said["request"] = tuple((str(k), str(v)) for k, v in said.get("request", ()))
    said["copies"] = tuple(said["copies"])
    return Paper(**said)


def _dated(kind: type[Struct], body: Mapping[str, Any]) -> dict[str, Any]:
    """Read days and instants back; what a later version no longer knows is left out."""
    said = {k: v for k, v in body.items() if k in kind.__struct_fields__}
    for name in ("found_on", "drafted_on", "signed_on", "due_on", "completed_on"):
        if said.get(name):
            said[name] = date.fromisoformat(said[name])
    if said.get("made_at"):
        said["made_at"] = datetime.fromisoformat(said["made_at"])
    return said


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Struct):
        value = asdict(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in cast("dict[str, Any]", value).items()}
    return [_plain(v) for v in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else value


# composing --------------------------------------------------------------------------------------------------------


def _composed(flow: Rectiflow, items: Sequence[Item]) -> Paper:
    from rectiflow.reports.paper import Paper

    document, directory = items[0].paper, flow.directory()
    found_on, method, inspectors, partners = _visit(flow, items)
    signer_names = _signers(flow, items[0])
    return Paper(
        kind=document.kind,
        title=_title(flow, document),
        issuer=_issuer(flow, items[0]),
        number=document.number,
        addressee=directory.unit_name(document.unit),
        items=tuple(_entries(flow, items)),
        found_on=found_on,
        method=method,
        inspectors=inspectors,
        partners=partners,
        drafted_on=document.drafted_on,
        signed_on=document.signed_on,
        signer=signer_names,
        signer_title="",
        status="draft" if document.status == "draft" else "signed",
        level=LEVELS.get(document.level or "", ""),
        about=_about(flow, document),
        request=_request(items[0]),
        contact=flow.contact,
        slip=document.kind in ("rectification_notice", "supervision_letter", "listing_notice"),
        made_at=flow.now(),
    )


def _title(flow: Rectiflow, document: Document) -> str:
    return f"{LEVELS.get(document.level or '', '')}{PAPERS.get(document.kind, document.kind)}"


def _issuer(flow: Rectiflow, item: Item) -> str:
    """Return in whose name it goes out: the inspecting unit where that signs its own papers, else the district's."""
    directory, fields_ = flow.directory(), item.snapshot.fields
    unit = directory.units.get(fields_.get("inspecting_unit") or "")
    signs = unit is not None and directory.holders("signatory", unit.id, flow.today())
    return unit.name if unit is not None and signs else directory.district.name


def _signers(flow: Rectiflow, item: Item) -> str:
    from rectiflow.engine.roles import people

    roles = (item.paper.signer,) if item.paper.signer else ()
    snapshot = item.snapshot
    found = people(snapshot.workflow, roles, snapshot.fields, snapshot.directory, flow.today())
    return snapshot.directory.person_name(found[0]) if found else ""


def _visit(flow: Rectiflow, items: Sequence[Item]) -> tuple[date | None, str, str, str]:
    """Return when, how, by whom and with whom it was inspected."""
    document, directory = items[0].paper, flow.directory()
    rows = paperwork.inspections(flow.store.engine, flow.district, number=document.inspection or "-")
    if rows:
        row = rows[0]
        names = "、".join(directory.person_name(p) if p in directory.persons else p for p in row["inspectors"])
        return row["visited_on"], METHODS.get(row["method"], row["method"]), names, "、".join(row["partners"])
    if document.kind == "verification_opinion":
        return document.drafted_on, "复查", _judged(flow, items[0]).by, ""
    days = [d for i in items if (d := as_date(i.snapshot.fields.get("found_on")))]
    first = items[0].snapshot
    method = show(first.workflow, "source", first.fields.get("source"), directory)
    return min(days, default=None), method, str(first.fields.get("inspectors") or ""), ""


class _Judgement(Struct, frozen=True, kw_only=True):
    """What a re-inspection found: good or not, why not, by whom, and what was on record of the rectification then."""

    passed: bool
    reason: str
    by: str
    fields: Mapping[str, Plain]


def _judged(flow: Rectiflow, item: Item) -> _Judgement:
    """Return the re-inspection an opinion is about, whatever became of the hazard afterwards."""
    lines = list(flow.history(item.number))
    end = next((k for k, e in enumerate(lines) if e.public.get("document") == item.paper.id), len(lines) - 1)
    judging = [e for e in lines[: end + 1] if e.kind == "acted" and e.public.get("step") == "verify"]
    workflow, directory = item.snapshot.workflow, item.snapshot.directory
    if not judging:
        return _Judgement(passed=False, reason="", by="", fields={})
    said = _given(judging[-1])
    names = (judging[-1].actor, said.get("second_inspector"))
    known: dict[str, Plain] = {}
    for line in lines[: lines.index(judging[-1]) + 1]:
        known |= {k: v for k, v in _given(line).items() if k in ("measures", "completed_on", "due_on")}
    return _Judgement(
        passed=workflow.states[judging[-1].to_state].stage == "verified",
        reason=str(said.get("reason") or ""),
        by="、".join(dict.fromkeys(directory.person_name(str(n)) for n in names if n)),
        fields=known,
    )


def _given(line: Event) -> Mapping[str, Plain]:
    """Return what was given with a line of history, or corrected by it."""
    private = line.private or {}
    return {**(private.get("data") or {}), **(private.get("after") or {})}


def _item(item: Item, judged: _Judgement | None = None) -> PaperItem:
    """Put one hazard into the words of a paper; `judged` is the re-inspection an opinion is about."""
    from rectiflow.reports.paper import PaperItem

    snapshot, ticket = item.snapshot, item.snapshot.case
    workflow, directory = snapshot.workflow, snapshot.directory
    known = {**snapshot.fields, **(judged.fields if judged else {})}
    opinion, passed = judged is not None, judged is not None and judged.passed
    return PaperItem(
        ordinal=item.paper.place,
        number=ticket.number,
        place=str(known.get("place") or ""),
        description=str(known.get("description") or ""),
        category=show(workflow, "category", known.get("category"), directory) if known.get("category") else "",
        basis=str(known.get("basis") or ""),
        measures=str(known.get("measures") or ""),
        responsible=_responsible(directory, item.paper.unit, known.get("responsible_person")),
        due_on=as_date(known.get("due_on")),
        done=str(known.get("measures") or "") if opinion or ticket.marks.get("applied_on") else "",
        completed_on=as_date(known.get("completed_on")),
        verdict=("合格" if passed else "不合格") if opinion else "",
        opinion="" if passed or judged is None else judged.reason,
    )


def _masked(item: PaperItem) -> PaperItem:
    """Return an entry of a paper without anything that tells what a restricted hazard is about."""
    told = ("place", "basis", "measures", "done", "opinion", "before", "after")
    hidden: dict[str, Any] = {name: _SECRET for name in told if getattr(item, name)}
    return replace(item, **hidden, description=_SECRET, category="")


def _responsible(directory: Directory, unit: str | None, person: Plain) -> str:
    """Return who is responsible; where persons are named by their post, the unit's name is not said again."""
    if not person:
        return ""
    name = directory.person_name(str(person))
    return name.removeprefix(directory.unit_name(unit)) or name


def _entries(flow: Rectiflow, items: Sequence[Item]) -> list[PaperItem]:
    """Return the entries of a paper; those of corrections and opinions are said in the histories."""
    kind = items[0].paper.kind
    if kind == "correction_notice":
        return _corrections(flow, items[0])
    if kind == "verification_opinion":
        return [_item(i, _judged(flow, i)) for i in items]
    return [_item(i) for i in items]


def _corrections(flow: Rectiflow, item: Item) -> list[PaperItem]:
    """Return what a correction notice says: an entry for each field corrected since, or that the item was taken off."""
    snapshot = item.snapshot
    workflow, directory, changes = snapshot.workflow, snapshot.directory, dict[str, tuple[Plain, Plain]]()
    off = ""
    for event in flow.history(item.number):
        if event.kind == "amended" and event.public.get("correction") == item.paper.ordinal:
            said = event.private or {}
            before, after = said.get("before", {}), said.get("after", {})
            for name in event.public.get("fields", ()):
                changes[name] = (changes.get(name, (before.get(name), None))[0], after.get(name))
        elif event.public.get("correction") == item.paper.ordinal:
            off = event_title(workflow, event)
    gone = [replace(_item(item), field="本项", before="由你单位整改", after=f"{off}，不再由你单位整改")] if off else []
    return gone + [
        replace(
            _item(item),
            field=workflow.fields[name].title,
            before=show(workflow, name, before, directory),
            after=show(workflow, name, after, directory),
        )
        for name, (before, after) in changes.items()
    ]


def _about(flow: Rectiflow, document: Document) -> str:
    if document.corrects is None:
        return ""
    rows = paperwork.papers(flow.store.engine, flow.district)
    return next((r["number"] or "" for r in rows if r["id"] == document.corrects), "")


def _request(item: Item) -> tuple[tuple[str, str], ...]:
    if item.paper.kind not in ("extension_form", "closeout_form"):
        return ()
    snapshot = item.snapshot
    workflow, directory = snapshot.workflow, snapshot.directory
    kinds = {k for k, kind in workflow.requests.items() if kind.effect == "extend"}
    extensions = [r for r in snapshot.requests if r.kind in kinds]
    if item.paper.kind == "closeout_form" or not extensions:
        return ()
    data: Mapping[str, Plain] = extensions[-1].data
    return tuple(
        (workflow.fields[k].title, show(workflow, k, v, directory))
        for k, v in data.items()
        if k in workflow.fields and v
    )
