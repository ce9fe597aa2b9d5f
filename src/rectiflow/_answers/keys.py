"""The secret that signs reply addresses and return paths, and the addresses made with it."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow.engine.errors import WorkplaceError, os_reason
from rectiflow.notifiers.token import MIN_KEY, plus_address, sign

if TYPE_CHECKING:
    from rectiflow._settings import InboxSettings
    from rectiflow.notifiers import Contact, Message, Rendered

__all__ = ["ReplyKeys"]

BYTES = 32


class ReplyKeys:
    """Keys of one workplace: the first signs, all of them verify, so that a key can be replaced without losing answers.

    They come from the setting, else from a file, one a line in hexadecimal digits, which is made at the first use.

    Args:
        settings: where answers and bounces are read.
        folder: of the workplace.
        domain: of our Message-IDs.
    """

    def __init__(self, settings: InboxSettings, folder: Path, domain: str) -> None:
        self._settings, self._file, self._domain = settings, folder / settings.key_file, domain

    @cached_property
    def keys(self) -> tuple[bytes, ...]:
        """The keys.

        Raises:
            WorkplaceError: the file cannot be read or made, or holds no key.
        """
        given = self._settings.key
        text = given.get_secret_value() if given is not None else self._read()
        try:
            keys = tuple(bytes.fromhex(line) for line in text.split())
        except ValueError as exc:
            raise WorkplaceError(f"回执码密钥（{self._file}）应是十六进制数字，一行一个。") from exc
        if not keys or min(map(len, keys)) < MIN_KEY:
            raise WorkplaceError(f"回执码密钥（{self._file}）每个至少 {MIN_KEY} 字节（{2 * MIN_KEY} 位十六进制）。")
        return keys

    def reply_address(self, message: Message, contact: Contact) -> str | None:
        """Return where an answer to a message is read; None where nobody reads any."""
        from rectiflow.notifiers.mime import message_id

        del contact  # the row of the outbox knows who was told
        if not self._settings.address:
            return None
        return plus_address(self._settings.address, sign(self.keys[0], message_id(message, self._domain), "reply"))

    def return_path(self, rendered: Rendered) -> str:
        """Return the envelope sender of a mail, to which it comes back when it cannot be delivered (VERP)."""
        return plus_address(self._settings.address, sign(self.keys[0], rendered.message_id, "bounce"))

    def _read(self) -> str:
        try:
            if not self._file.exists():
                self._make()
            return self._file.read_text("ascii")
        except (OSError, UnicodeDecodeError) as exc:
            reason = os_reason(exc) if isinstance(exc, OSError) else "不是文本"
            raise WorkplaceError(f"回执码密钥文件 {self._file} 不能用：{reason}。") from exc

    def _make(self) -> None:
        """Make a key for this workplace; of two processes that do so at once the first wins.

        A lock, and not a link: folders of a network and memory sticks have none. The system lets go of it when we die, and
        the file comes whole or not at all.
        """
        from filelock import FileLock

        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._file}.lock"):
            if self._file.exists():
                return
            fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}.{secrets.token_hex(4)}")
            try:
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                    out.write(secrets.token_hex(BYTES) + "\n")
                    out.flush()
                    os.fsync(out.fileno())
                fresh.replace(self._file)
            finally:
                fresh.unlink(missing_ok=True)
