"""The built-in templates of papers as files, for a district to change."""

from __future__ import annotations

from pathlib import Path

from .errors import FileUnwritable
from .files import save
from .paper_html_template import html_template
from .paper_word_template import word_template


def write_paper_template(kind: str, path: Path) -> None:
    """Write the built-in template of a kind of paper; the file's ending, .docx or .html, chooses which.

    What is written can be edited (in Word, or as text) and handed to `render_paper_word` or `render_paper_html`;
    the fields it may name are PAPER_FIELDS and PAPER_LISTS.

    Raises:
        KeyError: no such kind of paper.
        FileUnwritable: another ending, the file exists already, or it cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in {".docx", ".html"}:
        raise FileUnwritable(f"不能写文书模板“{path}”：文件名须以 .docx 或 .html 结尾")
    if path.exists():
        raise FileUnwritable(
            f"不能写文书模板“{path}”：已有同名的文件，可能是改过的模板；请换一个文件名，或先移走原文件"
        )
    save(path, word_template(kind) if ending == ".docx" else html_template(kind).encode())
