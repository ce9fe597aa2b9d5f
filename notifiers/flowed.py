"""Text with flowed lines (RFC 3676): a line that ends in a blank goes on in the next."""

from __future__ import annotations

__all__ = ["unfold"]

_SIGNATURE = "-- "  #: ends in a blank, and is a line of its own all the same (RFC 3676, 4.3)


def unfold(text: str, *, delete_space: bool = False) -> str:
    """Return the text with its paragraphs on one line each; `delete_space` is the parameter DelSp of the part."""
    done: list[tuple[int, list[str]]] = []
    open_line = False
    for raw in text.split("\n"):
        depth, line = _quote_depth(raw)
        if open_line and done[-1][0] == depth and line != _SIGNATURE:
            done[-1][1].append(line)
        else:
            done.append((depth, [line]))
        open_line = line.endswith(" ") and line != _SIGNATURE
        if open_line and delete_space:
            done[-1][1][-1] = line[:-1]
    return "\n".join(">" * depth + " " * bool(depth) + "".join(pieces) for depth, pieces in done)


def _quote_depth(line: str) -> tuple[int, str]:
    """Return how often a line is quoted, and the line without that and without a stuffed blank."""
    bare = line.lstrip(">")
    return len(line) - len(bare), bare.removeprefix(" ")
