"""Output files: the whole file or none."""

from __future__ import annotations

import os
from pathlib import Path

from rectiflow.engine.errors import os_reason

from .errors import FileUnwritable


def save(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader never sees half a file, and the old one stays if writing fails.

    Raises:
        FileUnwritable: the folder is missing or closed, the disk is full, or the file is open in another program.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        reason = os_reason(problem)
        raise FileUnwritable(
            f"写不进文件“{path}”（{reason}）：请确认文件夹存在、有写入权限，并先关闭正在打开该文件的程序"
        ) from problem
