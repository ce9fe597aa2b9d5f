"""YAML text to a located tree, in which every key and every value knows its line and column.

The text is untrusted: its size, its nesting and the use of anchors are bounded, tags that would build objects are
refused, and a key given twice is a problem instead of a silent choice. YAML 1.2 holds, so `on`, `no` and `12:30` stay
the words they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from msgspec import Struct

from .errors import Problem

__all__ = ["MAX_BYTES", "Entry", "Items", "Node", "Path", "Place", "Report", "Scalar", "Table", "locate", "parse"]

MAX_BYTES = 256 * 1024
MAX_NODES = 50_000  #: values in the tree, those repeated by an alias counted each time
MAX_ALIASES = 100
_HINTS = 50  #: near matches looked for in one run; the search is slow and the text untrusted
_CORE = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "merge"})
_FULL_WIDTH = re.compile("[：［］｛｝【】“”‘’＃]")
_IN_NAME = re.compile("[，：；、［］｛｝【】“”]")  #: what a Chinese keyboard leaves in a name or key
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)

#: A part of the parser's own words → what to tell the author.
_SYNTAX: Mapping[str, str] = {
    "character '\\t'": "缩进里有制表符（Tab），请改用空格",
    "that cannot start any token": "值不能以这个字符开头，请给整个值加上引号",
    "mapping values are not allowed": "这里的冒号不对：一行写了两个“键: 值”，或者缩进不齐",
    "found undefined alias": "引用了没有定义的锚点（*）",
    "found duplicate anchor": "锚点（&）重名",
    "found another document": "一个文件只能写一份定义，请去掉多余的 ---",
    "expected ',' or ']'": "方括号 [ ] 没有配对，或者各项之间缺少逗号",
    "expected ',' or '}'": "花括号 { } 没有配对，或者各项之间缺少逗号",
    "expected the node content": "这里缺少内容，或者括号没有配对",
    "unexpected end of stream": "引号没有配对",
    "found unexpected document separator": "引号没有配对",
    "unknown escape character": "双引号内的反斜杠写法不对，请改用单引号",
    "could not find expected ':'": "这里缺少冒号",
    "expected <block end>": "缩进不齐，或者有多余的括号",
    "special characters are not allowed": "有不可见的控制字符，请删掉",
}


class Place(Struct, frozen=True):
    """A line and a column, both counted from 1."""

    line: int = 1
    column: int = 1


class Scalar(Struct, frozen=True):
    """A single value: what YAML makes of it, and the text as it was written."""

    value: str | int | float | bool | None
    text: str
    place: Place


class Items(Struct, frozen=True):
    """A list."""

    nodes: tuple[Node, ...]
    place: Place


class Entry(Struct, frozen=True):
    """A value with the place of its key."""

    place: Place
    node: Node


class Table(Struct, frozen=True):
    """A mapping, in the order it was written."""

    entries: Mapping[str, Entry]
    place: Place


Node: TypeAlias = Scalar | Items | Table
Path: TypeAlias = tuple[str | int, ...]


class Report:
    """Everything found wrong so far; each thing once, in the order of the text when it is read."""

    def __init__(self, source: str, /) -> None:
        self.source = source
        self._found: dict[Problem, None] = {}
        self._hints = _HINTS

    def add(self, code: str, place: Place, message: str, hint: str = "") -> None:
        """Take down one problem; a code that begins with W is a warning."""
        problem = Problem(
            code=code, message=message, source=self.source, line=place.line, column=place.column, hint=hint
        )
        self._found[problem] = None

    def near(self, name: str, known: Iterable[str]) -> str:
        """Return the hint that names what was probably meant; "" when nothing is close."""
        full = _IN_NAME.search(name)
        if full is not None:
            return f"“{full.group()}”是全角标点，请改成半角，后面空一格"
        if ":" in name:
            return "冒号后面要空一格"
        if not name or self._hints == 0:
            return ""
        self._hints -= 1
        close = get_close_matches(name, list(known), n=1, cutoff=0.6)
        return f"是不是 {close[0]}？" if close else ""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Errors and warnings in the order of the text."""
        return tuple(sorted(self._found, key=lambda p: (p.line, p.column, p.code)))

    @property
    def failed(self) -> bool:
        """Whether there is anything beside warnings."""
        return any(not p.code.startswith("W") for p in self._found)


def parse(text: str, report: Report, /) -> Table | None:
    """Read a text into a tree; None when there is none, the reason then stands in the report."""
    if not _acceptable(text, report):
        return None
    from ruamel.yaml.error import YAMLError

    try:
        root = _compose(text)
        tree = _Walk(report).node(root) if root is not None else None
    except YAMLError as exc:
        _explain(exc, text, report)
        return None
    except (RecursionError, _TooMuchError):
        report.add("Y104", Place(), f"嵌套或引用太多（至多 {MAX_NODES} 个值、{MAX_ALIASES} 处引用），请改写得平直一些")
        return None
    if not isinstance(tree, Table):
        empty = "文件是空的" if tree is None else ""
        report.add("Y106", tree.place if tree else Place(), "内容应是一行行的“键: 值”", empty)
        return None
    return tree


def locate(tree: Node, path: Path, *, key: bool = False) -> Place:
    """Return where the value of a path stands (or its last key), as near as the tree goes.

    Where a list may be written as a single value, index 0 is that value.
    """
    node, place = tree, tree.place
    for step in path:
        if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
            entry = node.entries[step]
            node, place = entry.node, entry.place
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.nodes):
            node = node.nodes[step]
            place = node.place
        elif isinstance(node, Scalar) and step == 0:
            return node.place
        else:
            return place
    return place if key else node.place


class _TooMuchError(Exception):
    """The tree grows beyond its bounds."""


def _acceptable(text: str, report: Report) -> bool:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        report.add("Y102", Place(), f"文件太大（{size // 1024} KB），最多 {MAX_BYTES // 1024} KB")
        return False
    directive = _DIRECTIVE.search(text)
    if directive is not None:
        report.add("Y105", _at(text, directive.start()), "不能使用以 % 开头的 YAML 指令", "删掉这一行")
        return False
    return True


def _compose(text: str) -> Any:
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True)
    return yaml.compose(text)


class _Walk:
    """Turns the parser's nodes into ours, counting them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._nodes = self._aliases = 0

    def node(self, raw: Any) -> Node:
        self._count(raw)
        kind = type(raw).__name__
        if kind == "ScalarNode":
            return self._scalar(raw)
        self._open.add(id(raw))
        found = self._table(raw) if kind == "MappingNode" else self._items(raw)
        self._open.discard(id(raw))
        return found

    def _count(self, raw: Any) -> None:
        self._nodes += 1
        self._aliases += id(raw) in self._seen
        if self._nodes > MAX_NODES or self._aliases > MAX_ALIASES or id(raw) in self._open:
            raise _TooMuchError
        self._seen.add(id(raw))

    def _scalar(self, raw: Any) -> Scalar:
        tag, place, text = self._tag(raw), _mark(raw.start_mark), str(raw.value)
        if tag not in _SCALARS:
            self._refuse_tag(raw, place)
        return Scalar(_value(tag, text), text, place)

    def _items(self, raw: Any) -> Items:
        place = _mark(raw.start_mark)
        if self._tag(raw) != "seq":
            self._refuse_tag(raw, place)
        return Items(tuple(self.node(n) for n in raw.value), place)

    def _table(self, raw: Any) -> Table:
        place = _mark(raw.start_mark)
        if self._tag(raw) != "map":
            self._refuse_tag(raw, place)
        entries: dict[str, Entry] = {}
        for key, value in raw.value:
            name, at = self._key(key), _mark(key.start_mark)
            node = self.node(value)
            if name in entries:
                first = entries[name].place
                self._report.add("Y103", at, f"{name} 重复", f"第 {first.line} 行已经写过，删掉一处")
            elif name is not None:
                entries[name] = Entry(at, node)
        return Table(entries, place)

    def _key(self, raw: Any) -> str | None:
        place = _mark(raw.start_mark)
        if type(raw).__name__ != "ScalarNode":
            self._report.add("Y105", place, "键只能是一个词，不能是列表或映射")
            return None
        if self._tag(raw) == "merge":
            self._report.add("Y105", place, "不支持合并键 <<", "把要用的各行写全")
            return None
        return str(raw.value)

    def _tag(self, raw: Any) -> str:
        return str(raw.tag).removeprefix(_CORE)

    def _refuse_tag(self, raw: Any, place: Place) -> None:
        self._report.add("Y105", place, f"不支持类型标记 {self._tag(raw)}", "去掉以 ! 开头的标记")


def _value(tag: str, text: str) -> str | int | float | bool | None:
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    try:
        return int(text.replace("_", "")) if tag == "int" else float(text) if tag == "float" else text
    except ValueError:
        return text


def _mark(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _at(text: str, index: int) -> Place:
    before = text[:index]
    return Place(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _explain(exc: Exception, text: str, report: Report) -> None:
    """Say in the author's language what the parser did not understand."""
    words = str(getattr(exc, "problem", None) or exc)
    mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
    position = getattr(exc, "position", None)
    place = _mark(mark) if mark is not None else _at(text, position) if isinstance(position, int) else Place()
    message = next((say for part, say in _SYNTAX.items() if part in words), "这里不合 YAML 的写法")
    began = getattr(exc, "context_mark", None)
    if began is not None and began.line + 1 != place.line:
        message += f"（从第 {began.line + 1} 行开始）"
    report.add("Y101", place, message, _full_width(text, place.line))


def _full_width(text: str, line: int) -> str:
    lines = text.split("\n")
    for number in (line, line - 1):
        found = _FULL_WIDTH.search(lines[number - 1]) if 0 < number <= len(lines) else None
        if found is not None:
            return f"第 {number} 行有全角标点 {found.group()}，标点要用半角，冒号和逗号后空一格"
    return ""
