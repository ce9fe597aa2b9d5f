"""Reports as one HTML file: no script, nothing loaded from elsewhere, for the screen, the phone and A4 paper."""

from __future__ import annotations

import base64
from importlib.resources import files

from .blocks import Block, Chart, Heading, Paragraph, Table
from .monthly import MonthlyReport
from .text import clean, cn_date

PACKAGE, TEMPLATE = "rectiflow.reports", "templates/report.html.j2"
_KINDS: dict[type[Block], str] = {Heading: "heading", Paragraph: "paragraph", Table: "table", Chart: "chart"}


def render_html(report: MonthlyReport) -> str:
    """Print a report as an HTML page, every text escaped, the chart inside it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(clean=clean, data_uri=_data_uri)
    template = environment.from_string(files(PACKAGE).joinpath(TEMPLATE).read_text("utf-8"))
    blocks = [(_KINDS[type(block)], block) for block in report.blocks]
    return template.render(report=report, blocks=blocks, day=cn_date(report.made_at.date()))


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
