"""What a template takes hold of: all that it is given is text or a number, with nothing behind a point or in brackets."""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cached_property

from jinja2 import nodes

from .page import Paragraph
from .parameters import NUMBERS

__all__ = ["Reach"]

_OF_LOOP = ("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0")
_BESIDE = ("previtem", "nextitem")  #: of a loop: there is none at its ends
_CALLED = ("cycle", "changed")  #: of a loop
_OF_PARAGRAPH = Paragraph.__struct_fields__


class Reach:
    """One template's tree, asked for what it takes hold of that is not there, or would print as a piece of Python.

    The trial renderings do not find it where it stands behind a condition, and not where it prints something.
    """

    def __init__(self, tree: nodes.Template, /, *, unknown: Container[str], filters: str) -> None:
        """Take a template's tree; names that are `unknown` are told elsewhere, `filters` is what can be used instead."""
        self._tree, self._unknown, self._filters = tree, unknown, filters

    def faults(self) -> Iterator[tuple[int, str]]:
        """Yield line and words of each fault."""
        kinds = (nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Name, nodes.Filter)
        for node in self._tree.find_all(kinds):
            told = self._told(node)
            if told:
                yield node.lineno, told

    def _told(self, node: nodes.Node) -> str:
        match node:
            case nodes.Call(node=target) if not (self._may_be_called(target) or self._is_unknown(_base(target))):
                return f"模板里不能调用方法，请改用过滤器：{self._filters}"
            case nodes.Getattr(node=base) if not (id(node) in self._held or self._is_unknown(base)):
                return self._nothing_behind(base, f".{node.attr}")
            case nodes.Getitem(node=base, arg=arg) if not (_is_place(arg) and self._has_places(base)):
                return "" if self._is_unknown(base) else self._nothing_behind(base, "[…]")
            case nodes.Name(ctx="load") if id(node) not in self._held:
                return self._alone(node)
            case nodes.Filter(name="join") if len(node.args) > 1 or node.kwargs:
                return "join 后面只能写连接用的符号，如 join('、')"
            case _:
                return ""

    def _nothing_behind(self, base: nodes.Node, what: str) -> str:
        if not isinstance(base, nodes.Name):
            return f"不能写 {what}：前面只有文字或数，要改样子用过滤器：{self._filters}"
        name, behind = base.name, self._behind(base)
        if behind:
            return f"{name} 没有 {what}，可用：{_listed(name, behind)}"
        return f"{name} 后面不能写 {what}：只有文字或数，写 {{{{ {name} }}}}，要改样子用过滤器：{self._filters}"

    def _alone(self, node: nodes.Name) -> str:
        name, behind = node.name, self._behind(node)
        if behind:
            return f"{name} 不能单独写，可用：{_listed(name, behind)}"
        return f"{name} 不能单独写，要用的写 {name}()" if name in self._callable else ""

    def _may_be_called(self, target: nodes.Node) -> bool:
        match target:
            case nodes.Name(name=name):
                return name in self._callable or name == "loop"  # a loop that goes down once more
            case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr):
                return attr in _CALLED
            case _:
                return False

    def _is_unknown(self, node: nodes.Node) -> bool:
        return isinstance(node, nodes.Name) and node.name in self._unknown

    def _has_places(self, node: nodes.Node) -> bool:
        return not (isinstance(node, nodes.Name) and node.name in {*NUMBERS, *self._paragraphs, "loop"})

    @cached_property
    def _callable(self) -> frozenset[str]:
        made = (m.name for m in self._tree.find_all(nodes.Macro))
        taken = (n for i in self._tree.find_all(nodes.FromImport) for n in i.names)
        return frozenset((*made, *(n if isinstance(n, str) else n[1] for n in taken), "caller", "super"))

    @cached_property
    def _paragraphs(self) -> frozenset[str]:
        """Return the names that go through a page's paragraphs."""
        found = set[str]()
        for loop in self._tree.find_all(nodes.For):
            of = _base(loop.iter)
            if isinstance(of, nodes.Name) and of.name == "paragraphs" and isinstance(loop.target, nodes.Name):
                found.add(loop.target.name)
        return frozenset(found)

    @cached_property
    def _held(self) -> frozenset[int]:
        """Return the nodes, by identity, that stand where they may: what is called, what has something behind a point."""
        called = (call.node for call in self._tree.find_all(nodes.Call))  # told by the call
        parts = (*self._tree.find_all(nodes.Getattr), *self._tree.find_all(nodes.Getitem))
        there = (p for p in parts if isinstance(p, nodes.Getattr) and p.attr in self._behind(p.node))
        return frozenset(map(id, (*called, *map(_base, parts), *there)))

    def _behind(self, node: nodes.Node) -> tuple[str, ...]:
        """Return what stands behind a point after this, but what is called."""
        match node:
            case nodes.Name(name="loop"):
                return (*_OF_LOOP, *_BESIDE)
            case nodes.Name(name=name) if name in self._paragraphs:
                return _OF_PARAGRAPH
            case _:
                return ()


def _base(node: nodes.Node) -> nodes.Node:
    return node.node if isinstance(node, (nodes.Getattr, nodes.Getitem)) else node


def _is_place(node: nodes.Node) -> bool:
    match node:
        case nodes.Slice():
            return True
        case nodes.Const(value=int()) | nodes.Neg(node=nodes.Const(value=int())):
            return True
        case _:
            return False


def _listed(name: str, parts: tuple[str, ...]) -> str:
    return "、".join(f"{name}.{part}" for part in parts)
