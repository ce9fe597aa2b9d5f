"""Paths with dots into what was read from JSON: data.status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["found_at", "text_at"]


def found_at(body: object, path: str) -> Any:
    """Return what stands at a path, the whole for ""; None where nothing does."""
    found: Any = body
    for name in path.split(".") if path else ():
        found = cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None
    return found


def text_at(body: object, path: str) -> str:
    """Return what stands at a path, text as it is and all else as JSON writes it (true, 0); "" where nothing does."""
    found = found_at(body, path) if path else None
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
