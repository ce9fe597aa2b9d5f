"""Elements of WordprocessingML, for what python-docx has no words for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported by name: the module's own types are incomplete, and it is heavy.
_OXML = "docx.oxml"


def element(tag: str, *children: Any, text: str | None = None, **attributes: str) -> Any:
    """Make an element such as `w:jc` with attributes of the same namespace, children and text."""
    made: Any = import_module(_OXML).OxmlElement(tag, {qualified(name): value for name, value in attributes.items()})
    made.extend(children)
    if text is not None:
        made.text = text
    return made


def qualified(name: str) -> str:
    """Return the full name of an attribute or element of the `w` namespace."""
    full: str = import_module(f"{_OXML}.ns").qn(f"w:{name}")
    return full


def element_of(thing: Any) -> Any:
    """Return the element behind a document, a style or the settings."""
    return thing.element


def parsed(xml: bytes) -> Any:
    """Parse a part of a document, with python-docx's own element classes."""
    return import_module(_OXML).parse_xml(xml)


def serialized(root: Any) -> bytes:
    """Write a part of a document."""
    data: bytes = import_module("docx.opc.oxml").serialize_part_xml(root)
    return data
