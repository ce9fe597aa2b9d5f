"""Files that commands write: one that is there already is not overwritten unasked, and what goes wrong is said plainly."""

from __future__ import annotations

from pathlib import Path

__all__ = ["spare", "write_new"]


def spare(file: Path, *, force: bool) -> None:
    """Keep a file that is there from being overwritten, unless that is wanted.

    Raises:
        InputUnusable: it is there.
    """
    from rectiflow.engine.errors import InputUnusable

    if file.exists() and not force:
        raise InputUnusable(f"{file} 已经存在，没有覆盖；请换一个文件名，或加 --force。")


def write_new(file: Path, content: bytes, *, force: bool) -> None:
    """Write a file, see `spare`.

    Raises:
        InputUnusable: it is there, or cannot be written.
    """
    from rectiflow.engine.errors import InputUnusable, os_reason

    spare(file, force=force)
    try:
        file.write_bytes(content)
    except OSError as exc:
        raise InputUnusable(f"写不了 {file}：{os_reason(exc)}。请换一个位置或检查权限。") from exc
