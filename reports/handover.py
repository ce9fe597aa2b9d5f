"""The list of a hand-over as one HTML page for A4 paper, with lines for the signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

from .files import save
from .text import DASH, clean, cn_date
from .zone import local

__all__ = ["write_handover_page"]

PACKAGE, TEMPLATE = "rectiflow.reports", "templates/handover.html.j2"


def write_handover_page(
    path: Path,
    *,
    title: str,
    said: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Mapping[str, object]],
    signers: Sequence[str],
    at: datetime,
) -> None:
    """Write the page, every text escaped; nothing is loaded from elsewhere, no script.

    Args:
        said: the sentence under the title.
        columns: key of the row's mapping, and title.
        signers: who signs, in order.
        at: aware; its local day stands at the end.

    Raises:
        FileUnwritable: the file cannot be written.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(clean=clean, shown=_shown)
    template = environment.from_string(files(PACKAGE).joinpath(TEMPLATE).read_text("utf-8"))
    day = cn_date(local(at, None).date())
    text = template.render(title=title, said=said, columns=columns, rows=list(rows), signers=signers, day=day)
    save(path, text.encode("utf-8"))


def _shown(value: object) -> str:
    if value is None or value == "":
        return DASH
    return value.isoformat() if isinstance(value, date) else clean(str(value))
