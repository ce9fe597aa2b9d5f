"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rectiflow.engine.errors import InputUnusable, os_reason

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name, then rename it into place.

    Raises:
        InputUnusable: the folder is missing or cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise InputUnusable(f"不能写 {path}：{os_reason(exc)}。请检查文件夹和权限。") from exc
