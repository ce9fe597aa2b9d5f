"""The checks a template passes when it is loaded, so that none fails when a message is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from .errors import RenderFailure, TemplateProblem
from .parameters import OCCASIONS, PARAMETERS, RESTRICTED, RESTRICTED_PARAMETERS
from .template_files import (
    FRAME_HTML,
    FRAME_TEXT,
    Source,
    builtin_templates,
    mail_subject,
    mail_text,
    occasions_in,
    read_folders,
    sms_text,
)
from .template_reach import Reach
from .template_words import syntax_words

if TYPE_CHECKING:
    from .templates import TemplateSet

__all__ = ["ALWAYS", "check_sources", "check_trial", "names_used"]

ALWAYS = frozenset({"contact", "district_name", "recipient"})  #: known of every message
_PAGE = frozenset({"answerable", "notes", "paragraphs", "reply_mark", "subject"})

#: A ticket with everything known, for trial renderings.
SAMPLE: Mapping[str, str | int] = {
    **PARAMETERS,
    "number": "LZH-2024-000123",
    "due_on": "2024年12月31日",
    "days_left": 3,
    "days_overdue": 2,
    "count": 5,
    "lines": "第一行\n第二行",
}
BARE: Mapping[str, str | int] = {"number": "LZH-2024-000123", "recipient": "王校长"}


def check_sources(environment: Environment, sources: Mapping[str, Source]) -> list[TemplateProblem]:
    """Return syntax errors, unknown names, filters and tests, what is not there to be taken, and wrong references, in file order."""
    problems: list[TemplateProblem] = []
    for source in sources.values():
        try:
            problems += _faults(source, environment, sources)
        except TemplateSyntaxError as exc:
            problems.append(_at(source, exc.lineno, f"语法错误：{syntax_words(exc.message or '')}"))
        except (RecursionError, ValueError):  # brackets in brackets without end, a number of thousands of digits
            problems.append(_at(source, 0, "写得太复杂，读不了，请精简"))
    return sorted(problems, key=lambda p: (p.path, p.line))


def _faults(source: Source, environment: Environment, sources: Mapping[str, Source]) -> list[TemplateProblem]:
    tree = environment.parse(source.text, source.name, source.path)
    unknown = _unknown(tree, _allowed(source.name))
    reach = Reach(tree, unknown=unknown, filters="、".join(sorted(environment.filters)))
    return [
        *_vocabulary(tree, source, environment),
        *_references(tree, source, sources),
        *(_at(source, line, told) for line, told in reach.faults()),
        *_names(tree, source, unknown),
    ]


def check_trial(templates: TemplateSet, sources: Mapping[str, Source]) -> list[TemplateProblem]:
    """Render every occasion with everything known and with next to nothing; return what fails or stays empty."""
    problems: dict[TemplateProblem, None] = {}
    for occasion in occasions_in(sources):
        for params in (SAMPLE, BARE):
            problems |= dict.fromkeys(_tried(templates, occasion, params))
    return list(problems)


def _tried(templates: TemplateSet, occasion: str, params: Mapping[str, str | int]) -> Iterator[TemplateProblem]:
    for render in (templates.mail, templates.sms):
        try:
            render(occasion, params)
        except RenderFailure as exc:
            told = f"试用时出错：{exc.__cause__}" if exc.__cause__ else str(exc)
            yield TemplateProblem(path=exc.path, line=exc.line, message=told)


def names_used(sources: Mapping[str, Source], names: Iterable[str]) -> set[str]:
    """Return the parameters that some templates ask for, also through what they include; broken ones ask for nothing."""
    found: set[str] = set()
    todo = [sources[n] for n in names if n in sources]
    while todo:
        source = todo.pop()
        try:
            tree = Environment().parse(source.text)  # noqa: S701 - nothing is rendered with it
        except TemplateSyntaxError:
            continue
        todo += [sources[n] for n in meta.find_referenced_templates(tree) if n is not None and n in sources]
        found |= _asked_for(tree) & PARAMETERS.keys()
    return found


def _allowed(name: str) -> frozenset[str]:
    extra = {FRAME_TEXT: frozenset({"answerable", "body", "reply_mark"}), FRAME_HTML: _PAGE}.get(name)
    if extra is None and name.endswith(".mail.html.j2"):
        extra = _PAGE
    base = RESTRICTED_PARAMETERS if name.startswith(f"{RESTRICTED}.") else frozenset(PARAMETERS)
    return base | (extra or frozenset())


def _unknown(tree: nodes.Template, allowed: frozenset[str]) -> set[str]:
    """Return the names that a template uses and nobody gives it; `self` is of the language, and prints as a piece of it."""
    own = {n.name for n in tree.find_all(nodes.Name) if n.name == "self"}
    return (_asked_for(tree) | own) - allowed


def _names(tree: nodes.Template, source: Source, unknown: set[str]) -> Iterator[TemplateProblem]:
    allowed = _allowed(source.name)
    for name in sorted(unknown):
        line = next((n.lineno for n in tree.find_all(nodes.Name) if n.name == name), 0)
        near = get_close_matches(name, allowed, n=1)
        hint = f"（是不是 {near[0]}？）" if near else ""
        yield _at(source, line, f"没有名为 {name} 的内容{hint}，可用：{_listed(allowed & _spoken_of(source.name))}")


def _spoken_of(name: str) -> frozenset[str]:
    """Return what a file's occasion has to say: what its built-in words speak of; of others nobody knows, so all."""
    occasion = name.partition(".")[0]
    if occasion not in OCCASIONS:
        return frozenset((*PARAMETERS, *_PAGE, "body"))
    used = names_used(_built_in(), (mail_text(occasion), mail_subject(occasion), sms_text(occasion)))
    return frozenset((*used, *ALWAYS, *_PAGE))


@cache
def _built_in() -> Mapping[str, Source]:
    return read_folders([builtin_templates()])[0]


def _asked_for(tree: nodes.Template) -> set[str]:
    """Return the names a template takes from outside, whether or not its filters and tests exist."""
    lenient = Environment()  # noqa: S701 - nothing is rendered with it
    lenient.globals.clear()
    for node in tree.find_all(nodes.Filter):
        lenient.filters.setdefault(node.name, lenient.filters["string"])
    for test in tree.find_all(nodes.Test):
        lenient.tests.setdefault(test.name, lenient.tests["defined"])
    tree.set_environment(lenient)
    return meta.find_undeclared_variables(tree)


def _vocabulary(tree: nodes.Template, source: Source, environment: Environment) -> Iterator[TemplateProblem]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known, what = (environment.filters, "过滤器") if isinstance(node, nodes.Filter) else (environment.tests, "判断")
        if node.name not in known:
            yield _at(source, node.lineno, f"没有名为 {node.name} 的{what}，可用：{'、'.join(sorted(known))}")


def _references(tree: nodes.Template, source: Source, sources: Mapping[str, Source]) -> Iterator[TemplateProblem]:
    shared = {name for name in sources if name.startswith("_")} - _frames_apart(source.name)
    for name in meta.find_referenced_templates(tree):
        if name not in shared:
            told = f"引用的 {name} 不存在" if name else "引用的文件名必须直接写出"
            if name in (FRAME_TEXT, FRAME_HTML):
                told = f"不能引用 {name}，每封邮件都已在框架里"
            yield _at(source, _reference_line(tree), f"{told}，可引用：{'、'.join(sorted(shared))}")


def _frames_apart(name: str) -> set[str]:
    """Return the frames that a file may not refer to: the words stand in them already; a page may build on the page's."""
    own_page = not name.startswith("_") and name.endswith(".mail.html.j2")
    return {FRAME_TEXT} if own_page else {FRAME_TEXT, FRAME_HTML}


def _reference_line(tree: nodes.Template) -> int:
    kinds = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)
    return next((n.lineno for n in tree.find_all(kinds)), 0)


def _listed(names: Iterable[str]) -> str:
    return "、".join(f"{n}（{PARAMETERS[n]}）" if n in PARAMETERS else n for n in sorted(names))


def _at(source: Source, line: int, message: str) -> TemplateProblem:
    return TemplateProblem(path=source.path, line=line, message=message)
