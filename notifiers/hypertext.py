"""The text of a mail that has only HTML, in its lines; what is quoted gets its `> `."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["text_of_html"]

MAX_HTML = 400_000  #: characters that are looked at; a page of text has some thousand
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "math"})
_BLOCKS = frozenset(
    ["address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "li", "ol", "p", "pre", "section", "table", "tbody", "thead", "tr", "ul"]
)  # fmt: skip
_NAME = re.compile(r"(/?)([A-Za-z][A-Za-z0-9:-]{0,20})(?=[\s/>])")
_MAX_DEPTH = 20  #: quotes in quotes that are marked


def text_of_html(html: str) -> str:
    """Return what a reader sees, line by line; never fails."""
    shown = _without_comments(html[:MAX_HTML])
    if len(html) > MAX_HTML:
        shown = shown[: _cut_off(shown)]
    reader = _Reader()
    reader.feed(_bare(shown))
    reader.close()
    return reader.text()


def _bare(html: str) -> str:
    """Return it with tags without attributes: no use is made of them, and over unfinished ones the parser takes very long.

    Each piece from one < to the next is looked at once, however long: a picture may lie in a tag.
    """
    first, *pieces = html.split("<")
    return "".join([first, *map(_bare_tag, pieces)])


def _bare_tag(piece: str) -> str:
    """Return what stood behind a < with its tag bare, where one ends in it; else the < was meant as a sign."""
    name = _NAME.match(piece)
    end = piece.find(">", name.end()) if name else -1
    return f"<{name[1]}{name[2].lower()}>{piece[end + 1 :]}" if name and end >= 0 else f"&lt;{piece}"


def _cut_off(html: str) -> int:
    """Return where a tag begins that does not end, because there is more than is looked at; else the length."""
    begin = html.rfind("<")
    return begin if begin >= 0 and html.find(">", begin) < 0 else len(html)


def _without_comments(html: str) -> str:
    """Cut comments and declarations, in one pass: the parser takes long over unfinished ones."""
    pieces: list[str] = []
    at = 0
    while (start := html.find("<!", at)) >= 0:
        pieces.append(html[at:start])
        mark = "-->" if html.startswith("<!--", start) else ">"
        end = html.find(mark, start)
        if end < 0:
            return "".join(pieces)
        at = end + len(mark)
    return "".join([*pieces, html[at:]])


class _Reader(HTMLParser):
    """Put the pieces of text into lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._silent: str | None = None
        self._quoted = 0
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line for a block."""
        if self._silent is not None:
            self._silent = None if tag == "body" else self._silent
            return
        if tag in _SILENT:
            self._silent = tag
        elif tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._begin_block()
        elif tag in ("td", "th"):
            self._line += " "
        self._quoted += tag == "blockquote"
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        """End the line of a block."""
        if self._silent is not None:
            self._silent = None if tag == self._silent else self._silent
            return
        if tag in _BLOCKS:
            self._begin_block()
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._silent is not None:
            return
        if not self._verbatim:
            self._line += re.sub(r"\s+", " ", data)
            return
        first, *others = data.split("\n")
        self._line += first
        for other in others:
            self._end_line()
            self._line = other

    def text(self) -> str:
        """Return the lines, at most one empty line in a row."""
        self._begin_block()
        kept: list[str] = []
        for line in self._lines:
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip("\n")

    def _begin_block(self) -> None:
        if self._line.strip():
            self._end_line()
        self._line = ""

    def _end_line(self) -> None:
        line = self._line.replace("\u00a0", " ").strip()
        marks = ">" * min(self._quoted, _MAX_DEPTH)
        self._lines.append(f"{marks} {line}".rstrip() if marks else line)
        self._line = ""
