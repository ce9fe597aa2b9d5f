"""Templates of papers: what one may say, and what makes it unusable.

A district's template is untrusted. It may print fields, choose (if) and repeat over a list (for), and nothing else;
what it says is checked before anything is printed, and it runs in a sandbox all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rectiflow.engine.errors import os_reason

from .errors import TemplateUnusable
from .paper_fields import PAPER_FIELDS, PAPER_LISTS

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

MAX_BYTES: Final = 2 * 2**20
_LOOP: Final = frozenset({"index", "index0", "first", "last", "length"})


class NamesUnknown(Exception):
    """Carry what is wrong with the text of a template."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = problems


def read_template(path: Path) -> bytes:
    """Read a template file.

    Raises:
        TemplateUnusable: it cannot be read, or is larger than 2 MB.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TemplateUnusable(
                str(path), [f"文件有{size / 2**20:.1f} MB，超过{MAX_BYTES // 2**20} MB，请缩小其中的图片"]
            )
        return path.read_bytes()
    except OSError as problem:
        raise TemplateUnusable(str(path), [f"读不出文件（{os_reason(problem)}），请核对路径和权限"]) from problem


@cache
def environment(*, tidy: bool) -> Environment:
    """Return the sandbox that templates run in; `tidy` takes the line feeds of tags away, as HTML needs."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        def from_string(self, source: str | nodes.Template, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            problems = list(_problems(self.parse(source)))  # type: ignore[arg-type]
            if problems:
                raise NamesUnknown(problems)
            return super().from_string(source)

    made = Sandbox(autoescape=True, undefined=StrictUndefined, trim_blocks=tidy, lstrip_blocks=tidy)
    made.globals.clear()
    made.filters.clear()
    made.filters.update(_FILTERS)
    return made


def _in_two(day: str) -> str:
    """Break a date after the year, for a narrow column."""
    return day.replace("年", "年\n", 1)


def _in_one(text: str) -> str:
    return text.replace("\n", "")


_FILTERS: Final = {"分行": _in_two, "连行": _in_one}


def _problems(tree: nodes.Template) -> Iterator[str]:
    """Return what a template says that it may not, and the fields it names that do not exist; each once."""
    found = dict.fromkeys((*_forbidden(tree), *_walk(tree, {})))
    yield from found


def _forbidden(tree: nodes.Template) -> Iterator[str]:
    from jinja2 import nodes

    allowed = (
        *(nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.Filter),
        *(nodes.For, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    )
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, allowed):
            yield f"不能用“{type(node).__name__}”这种写法：模板里只能写字段、条件（if）和循环（for）"


def _walk(node: nodes.Node, entries: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Follow the template from the outside in, with the names that loops have given to entries of lists."""
    from jinja2 import nodes

    inner = entries
    match node:
        case nodes.For(target=nodes.Name(name=name), iter=nodes.Name(name=over)) if over in PAPER_LISTS:
            if entries:
                yield "循环里不能再套循环"  # what is printed would grow without bound
            inner = {name: PAPER_LISTS[over], "loop": dict.fromkeys(_LOOP, "")}
        case nodes.For():
            yield f"循环只能写成 for 名字 in {' 或 '.join(PAPER_LISTS)}"
            return
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr) if name in entries:
            if attr not in entries[name]:
                yield _unknown(f"{name}.{attr}", attr, entries[name])
            return
        case nodes.Getattr(attr=attr):
            yield f"“.{attr}”之前的内容没有下一级字段：只有循环里的名字后面可以带点"
        case nodes.Filter(name=name) if name not in _FILTERS:
            yield f"没有名为“{name}”的过滤器，可用：{'、'.join(_FILTERS)}"
        case nodes.Name(name=name, ctx="load") if name not in {*PAPER_FIELDS, *PAPER_LISTS, *entries}:
            yield _unknown(name, name, {**PAPER_FIELDS, **PAPER_LISTS})
        case _:
            pass
    for child in node.iter_child_nodes():
        yield from _walk(child, inner)


def _unknown(shown: str, name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"，是不是“{near[0]}”？" if near else "，"
    return f"没有名为“{shown}”的字段{hint}可用的字段：{'、'.join(known)}"
