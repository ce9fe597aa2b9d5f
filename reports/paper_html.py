"""Papers as one HTML file, for the screen, the chat group and A4 paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .errors import TemplateUnusable
from .paper import PAPER_KINDS, Paper
from .paper_fields import field_values
from .paper_html_template import html_template
from .paper_template import NamesUnknown, environment, read_template


def render_paper_html(paper: Paper, template: Path | None = None) -> str:
    """Print a paper as an HTML page, every text escaped; equal papers give equal pages.

    Args:
        template: a district's own Jinja2 template in UTF-8; the built-in one of the paper's kind by default.

    Raises:
        TemplateUnusable: the template cannot be read, is too large, names unknown fields, or does more than print.
    """
    from jinja2 import TemplateError, TemplateSyntaxError

    path = str(template or PAPER_KINDS[paper.kind])
    source = _builtin(paper.kind) if template is None else _decoded(read_template(template), path)
    try:
        return environment(tidy=True).from_string(source).render(field_values(paper))
    except NamesUnknown as problem:
        raise TemplateUnusable(path, problem.problems) from problem
    except TemplateSyntaxError as problem:
        raise TemplateUnusable(
            path, [f"第{problem.lineno}行语法有误（{problem.message}），请对照内置模板改正"]
        ) from problem
    except (TemplateError, TypeError, RecursionError) as problem:
        raise TemplateUnusable(path, ["套用时出错，请对照内置模板改正"]) from problem


@cache
def _builtin(kind: str) -> str:
    return html_template(kind)


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise TemplateUnusable(path, ["不是 UTF-8 编码的文本，请另存为 UTF-8"]) from problem
