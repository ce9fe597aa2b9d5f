"""The shape of what an author may write: each key is asked for once, and what nobody asked for is a problem.

A `Record` hands out the values of one mapping in the form they must have. What does not fit is reported where it
stands and replaced by something harmless (an empty name, no value), so that reading goes on and all problems come at
once; an empty name stands for “already reported” in everything that follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar, cast

from .source import Entry, Items, Node, Place, Report, Scalar, Table
from .workflow import HOURLY, FieldSpan, Span, SpanUnit

__all__ = ["MAX_DAYS", "MAX_ENTRIES", "NO_SPAN", "Record"]

T = TypeVar("T")
MAX_ENTRIES = 500  #: roles, fields, states, transitions … of one definition
MAX_DAYS = 3650  #: longest span that can be written
MAX_TITLE = 100  #: characters
NO_SPAN = Span(0, "days")  #: stands for a span that could not be read
_ID = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_SPAN = re.compile(r"^([+-]?)\s*(\d{1,6})\s*(workday|day|workhour|hour)s?$")
_SPAN_FORM = "数字加 workdays（工作日）、days（自然日）、workhours（工作小时）或 hours（小时），如 3 workdays"


class Record:
    """One mapping of the tree while it is read; `name` is the key it stands under."""

    def __init__(self, entry: Entry, report: Report, what: str, /, name: str = "") -> None:
        self.name = name
        self.what = what
        self.place = entry.place
        self._report = report
        self._asked: dict[str, None] = {}
        self._entries: Mapping[str, Entry] = {}
        self._broken = not isinstance(entry.node, Table)
        if isinstance(entry.node, Table):
            self._entries = entry.node.entries
        else:
            self.fault("S203", entry.node.place, f"{what}应写成若干“键: 值”")

    def fault(self, code: str, place: Place, message: str, hint: str = "") -> None:
        """Report a problem."""
        self._report.add(code, place, message, hint)

    def has(self, key: str) -> bool:
        """Tell whether a key was written."""
        return key in self._entries

    @property
    def written(self) -> tuple[str, ...]:
        """The keys that were written."""
        return tuple(self._entries)

    def at(self, key: str) -> Place:
        """Return the place of a key, or of the record where the key is missing."""
        return self._entries[key].place if key in self._entries else self.place

    def done(self) -> None:
        """Report every key that nobody asked for."""
        for key, entry in self._entries.items():
            if key not in self._asked:
                hint = self._report.near(key, self._asked) or f"可以写：{'、'.join(self._asked)}"
                self.fault("S201", entry.place, f"{self.what}没有“{key}”这一项", hint)

    # single values ------------------------------------------------------------------------------------------------

    def name_of(self, key: str) -> str:
        """Return a required name; "" when it is missing."""
        return self.optional(key, required=True) or ""

    def optional(self, key: str, *, required: bool = False) -> str | None:
        """Return a name, or None when the key was not written."""
        node = self._node(key, required=required)
        return None if node is None else self._word(key, node)

    def id_of(self, key: str, *, required: bool = True) -> str | None:
        """Return a name that is coined here, so it must have the form of one."""
        node = self._node(key, required=required)
        if node is None:
            return None
        word = self._word(key, node)
        self._check_id(word, node.place)
        return word

    def title(self, key: str = "title", *, default: str | None = None) -> str:
        """Return a line of text that people read."""
        node = self._node(key, required=default is None)
        if node is None:
            return default or ""
        text = self._word(key, node)
        if len(text) > MAX_TITLE or not text.isprintable():
            self.fault("S203", node.place, f"{key} 应是一行文字，至多 {MAX_TITLE} 字")
        return text

    def text(self, key: str) -> str | None:
        """Return free text of any length, or None when the key was not written."""
        node = self._node(key)
        return None if node is None else self._word(key, node)

    def boolean(self, key: str) -> bool:
        """Return true or false; false when the key was not written."""
        node = self._node(key)
        if node is None:
            return False
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.fault("S203", node.place, f"{key} 只能写 true 或 false")
        return False

    def integer(
        self, key: str, low: int, high: int, *, default: int | None = None, required: bool = False
    ) -> int | None:
        """Return a whole number from `low` to `high`."""
        node = self._node(key, required=required)
        if node is None:
            return default
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault("S208", node.place, f"{key} 应是 {low} 到 {high} 的整数")
        return default

    def choice(self, key: str, options: Collection[str], *, default: str | None = None) -> str:
        """Return one of the options; required when there is no default, "" when it is none of them."""
        node = self._node(key, required=default is None)
        if node is None:
            return default or ""
        word = self._word(key, node)
        if word and word not in options:
            hint = self._report.near(word, options) or f"可以写：{'、'.join(options)}"
            self.fault("S204", node.place, f"{key} 不能写“{word}”", hint)
            return ""
        return word

    # lists and tables ---------------------------------------------------------------------------------------------

    def names(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return one name or a list of names; an entry that is none becomes "" and keeps its index."""
        node = self._node(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, Items):
            return (self._word(key, node),)
        if not node.nodes and required:
            self.fault("S202", node.place, f"{self.what}的 {key} 不能是空的")
        words = tuple(self._word(key, n) for n in node.nodes)
        for index, word in enumerate(words):
            if word and word in words[:index]:
                self.fault("S209", node.nodes[index].place, f"{key} 里的 {word} 写了两次")
        return words

    def ids(self, key: str) -> tuple[str, ...]:
        """Return one coined name or a list of them."""
        words, node = self.names(key), self._entries[key].node if key in self._entries else None
        nodes = node.nodes if isinstance(node, Items) else (node,)
        for word, one in zip(words, nodes, strict=False):
            if one is not None:
                self._check_id(word, one.place)
        return words

    def titles(self, key: str, known: Mapping[str, str]) -> dict[str, str]:
        """Return a table id → title; a plain list takes the titles that are known, or Chinese words as they are."""
        node = self._node(key)
        if node is None:
            return {}
        pairs = list(self._pairs(key, node))
        for word, place, title in pairs:
            if title is None and word not in known and word.isascii():
                self.fault("S202", place, f"选项 {word} 没有中文名", f"{key} 改写成 {{{word}: 中文名, …}}")
        if not pairs:
            self.fault("S202", node.place, f"{self.what}的 {key} 不能是空的")
        return {word: title or known.get(word, word) for word, _, title in pairs if word}

    def table(self, key: str, what: str, read: Callable[[Record], T], *, required: bool = False) -> dict[str, T]:
        """Read a table of records, each under its own id."""
        node = self._node(key, required=required)
        if node is None:
            return {}
        if not isinstance(node, Table):
            self.fault("S203", node.place, f"{key} 应写成“名称: 内容”的若干行")
            return {}
        found: dict[str, T] = {}
        for name, entry in self._bounded(key, node, list(node.entries.items())):
            self._check_id(name, entry.place)
            found[name] = self._read(Record(entry, self._report, f"{what} {name} ", name), read)
        return found

    def records(self, key: str, what: str, read: Callable[[Record], T], *, required: bool = False) -> tuple[T, ...]:
        """Read a list of records."""
        node = self._node(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, Items):
            self.fault("S203", node.place, f"{key} 应写成列表，每项以 - 开头")
            return ()
        records = (
            Record(Entry(n.place, n), self._report, f"第 {i} 条{what}")
            for i, n in enumerate(self._bounded(key, node, list(node.nodes)), start=1)
        )
        return tuple(self._read(r, read) for r in records)

    def record(self, key: str, what: str) -> Record:
        """Return the mapping under a key that was written, as a record."""
        self._asked[key] = None
        return Record(self._entries[key], self._report, what)

    def node(self, key: str) -> Node | None:
        """Return what stands under a key as it was written, or None when the key was not written."""
        return self._node(key)

    # lengths of time ----------------------------------------------------------------------------------------------

    def length(self, key: str, *, required: bool = False) -> Span | None:
        """Return a positive length such as `3 workdays`."""
        node = self._node(key, required=required)
        if node is None:
            return None
        parsed = self._span(key, node)
        if parsed is None:
            return NO_SPAN
        sign, span = parsed
        if sign or span.amount == 0:
            self.fault("S206", node.place, f"{key} 应大于零，不带正负号")
            return NO_SPAN
        return span

    def offset(self, key: str, due: SpanUnit) -> Span:
        """Return where a step stands: `due`, or so long before (-) or after (+) it."""
        node = self._node(key, required=True)
        if node is None:
            return NO_SPAN
        if isinstance(node, Scalar) and node.text == "due":
            return Span(0, due)
        parsed = self._span(key, node, "到期当天写 due，之前写 -3 workdays，之后写 +3 workdays")
        if parsed is None:
            return NO_SPAN
        sign, span = parsed
        if not sign or span.amount == 0:
            self.fault("S206", node.place, f"{key} 没有写明在到期之前还是之后", "之前写 -，之后写 +，到期当天写 due")
            return NO_SPAN
        return Span(-span.amount, span.unit) if sign == "-" else span

    def budget(self, key: str) -> Span | FieldSpan | None:
        """Return a length, or one whose amount stands in a field: `{field: monitor_every, unit: days}`."""
        entry = self._entries.get(key)
        if entry is None or not isinstance(entry.node, Table):
            return self.length(key)
        self._asked[key] = None
        record = Record(entry, self._report, f"{self.what}的 {key} ")
        field, unit = record.name_of("field"), record.choice("unit", ("workdays", "days"))
        record.done()
        return FieldSpan(field=field, unit=cast("SpanUnit", unit or "days"))

    # inside -------------------------------------------------------------------------------------------------------

    def _node(self, key: str, *, required: bool = False) -> Node | None:
        self._asked[key] = None
        entry = self._entries.get(key)
        if entry is None:
            if required and not self._broken:
                self.fault("S202", self.place, f"{self.what}缺少 {key}")
            return None
        if isinstance(entry.node, Scalar) and (entry.node.value is None or not entry.node.text.strip()):
            self.fault("S202", entry.place, f"{self.what}的 {key} 没有内容", "" if required else "不需要就删掉这一项")
            return None
        return entry.node

    def _word(self, key: str, node: Node) -> str:
        if isinstance(node, Scalar):
            return node.text.strip()
        self.fault("S203", node.place, f"{key} 应是一个词，不能是{'列表' if isinstance(node, Items) else '映射'}")
        return ""

    def _check_id(self, word: str, place: Place) -> None:
        if word and not _ID.match(word):
            rule = "用小写字母开头，只含小写字母、数字和下划线，至多 64 个字符"
            self.fault("S205", place, f"“{word}”不能作名称", rule)

    def _pairs(self, key: str, node: Node) -> Iterator[tuple[str, Place, str | None]]:
        if isinstance(node, Table):
            for word, entry in node.entries.items():
                title = self._word(word, entry.node)
                if not title:
                    self.fault("S202", entry.place, f"选项 {word} 没有中文名")
                yield word, entry.place, title
        else:
            for one in node.nodes if isinstance(node, Items) else (node,):
                yield self._word(key, one), one.place, None

    def _bounded(self, key: str, node: Node, entries: list[T]) -> list[T]:
        if len(entries) > MAX_ENTRIES:
            self.fault("S208", node.place, f"{key} 太多（{len(entries)} 项），至多 {MAX_ENTRIES} 项")
        return entries[:MAX_ENTRIES]

    def _read(self, record: Record, read: Callable[[Record], T]) -> T:
        found = read(record)
        record.done()
        return found

    def _span(self, key: str, node: Node, form: str = _SPAN_FORM) -> tuple[str, Span] | None:
        word = self._word(key, node)
        match = _SPAN.match(word)
        if match is None:
            if word:
                self.fault("S206", node.place, f"{key} 不能写“{word}”", form)
            return None
        sign, digits, unit = match.groups()
        span = Span(int(digits), cast("SpanUnit", unit + "s"))
        if span.amount > MAX_DAYS * (24 if span.unit in HOURLY else 1):
            self.fault("S206", node.place, f"{key} 太长（{word}），至多 {MAX_DAYS} 天")
            return None
        return sign, span
