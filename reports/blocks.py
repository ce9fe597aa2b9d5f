"""The parts a report is made of, free of any file format."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Align = Literal["left", "center", "right"]


class Heading(Struct, frozen=True, kw_only=True):
    """A heading; level 1 is 一、, level 2 is （一）."""

    text: str
    level: Literal[1, 2] = 1


class Paragraph(Struct, frozen=True, kw_only=True):
    """Running text of one paragraph."""

    text: str


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table, with its share of the page's width in mm."""

    #: A line feed breaks the line in the header.
    title: str
    width_mm: float
    align: Align = "center"


class Table(Struct, frozen=True, kw_only=True):
    """A table of finished texts, with what is printed over and under it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    #: Whether the last row is the total.
    has_total: bool = False
    #: Printed under the table, one paragraph each.
    notes: tuple[str, ...] = ()


class Chart(Struct, frozen=True, kw_only=True):
    """A picture with its caption, and its content in words for those who cannot see it."""

    caption: str
    png: bytes
    alt: str


Block = Heading | Paragraph | Table | Chart
