"""Evidence (佐证材料): files by their SHA-256, written and synced before the transaction that names them."""

from __future__ import annotations

import mimetypes
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from rectiflow.engine.errors import InputUnusable, os_reason
from rectiflow.engine.stimulus import Attachment

__all__ = ["MOST_BYTES", "EvidenceStore", "FolderEvidence"]

MOST_BYTES = 20 * 1024 * 1024  #: one file


class EvidenceStore(Protocol):
    """Keeps files; hosts bring their own."""

    def put(self, name: str, content: bytes) -> Attachment:
        """Keep a file durably and return how to name it."""
        ...

    def get(self, sha: str) -> bytes:
        """Return a kept file.

        Raises:
            InputUnusable: it is missing or no longer what its name says.
        """
        ...


class FolderEvidence:
    """Evidence in a folder: `ab/abcdef…`; an orphan is harmless, a missing file impossible."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: bytes) -> Attachment:
        """Write, sync and rename into place.

        Raises:
            InputUnusable: the file is empty or larger than MOST_BYTES, or the folder cannot be written.
        """
        if not content:
            raise InputUnusable(f"佐证材料“{name}”是空文件，请核对。")
        if len(content) > MOST_BYTES:
            raise InputUnusable(
                f"佐证材料“{name}”有 {len(content) // 2**20} MB，最多 {MOST_BYTES // 2**20} MB，请压缩后再交。"
            )
        sha = sha256(content).hexdigest()
        target = self._path(sha)
        try:
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _write_synced(target, content)
        except OSError as exc:
            raise InputUnusable(
                f"佐证材料的资料夹 {self.folder} 写不了：{exc.strerror}。请检查权限和磁盘空间。"
            ) from exc
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Attachment(sha256=sha, name=Path(name).name, size=len(content), media_type=kind)

    def put_file(self, path: Path) -> Attachment:
        """Keep a file of the file system.

        Raises:
            InputUnusable: it cannot be read, is empty or too large.
        """
        try:
            if path.stat().st_size > MOST_BYTES:
                raise InputUnusable(
                    f"佐证材料“{path}”有 {path.stat().st_size // 2**20} MB，最多 {MOST_BYTES // 2**20} MB，请压缩后再交。"
                )
            return self.put(path.name, path.read_bytes())
        except OSError as exc:
            raise InputUnusable(f"佐证材料“{path}”读不了：{os_reason(exc)}。请核对路径。") from exc

    def get(self, sha: str) -> bytes:
        """Read a file and check it."""
        try:
            content = self._path(sha).read_bytes()
        except OSError as exc:
            raise InputUnusable(f"佐证材料 {sha[:12]}… 不在资料夹 {self.folder} 里。") from exc
        if sha256(content).hexdigest() != sha:
            raise InputUnusable(f"佐证材料 {sha[:12]}… 的内容被改动过。")
        return content

    def _path(self, sha: str) -> Path:
        return self.folder / sha[:2] / sha


def _write_synced(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
