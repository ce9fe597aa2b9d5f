"""Mails signed for their domain (DKIM, RFC 6376), so that receivers can tell them from forged ones.

A mail is signed when it is sent, over its stored bytes. Those stay without a signature: they are the same for the same
message, while a signature says when it was made, and a key may be changed between two attempts.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import cast

from msgspec import Struct

from rectiflow.engine.errors import os_reason

from .address import domain_of, is_domain
from .errors import ChannelNotConfigured

__all__ = ["DkimSettings", "Signer"]

#: What a signature covers, where a mail has it: who, to whom, when, what about, and how the parts are to be read (RFC 6376, 5.4.1).
HEADERS = (
    "from", "reply-to", "to", "date", "subject", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "auto-submitted",
)  # fmt: skip
#: Before the 32 bytes of a private key in PKCS #8 (RFC 8410, 7).
ED25519 = bytes.fromhex("302e020100300506032b657004220420")
RSA = b"rsa-sha256"
FEWEST_BITS = 1024  #: of an RSA key (RFC 8301, 3.2)
TRIAL = b"From: a@example.org\r\n\r\n.\r\n"

_PEM = re.compile(rb"-----BEGIN (?:RSA )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


class DkimSettings(Struct, frozen=True, kw_only=True):
    """Where the public key stands, <selector>._domainkey.<domain>, and the file of the private one.

    `key_file` holds an RSA key of 1024 bits or more (RFC 8301, 3.2) or an Ed25519 key (RFC 8463), as PEM.
    """

    domain: str
    selector: str
    key_file: Path


class Signer:
    """Signs mails with one key; made once, when the channel is.

    Args:
        settings: which key, for which domain.
        sender: the address mails are from; its domain must be the signature's or below it, or no receiver counts the
            signature as the sender's (DMARC, RFC 7489, 3.1.1).

    Raises:
        ChannelNotConfigured: with every problem; also when the package is missing.
    """

    def __init__(self, settings: DkimSettings, sender: str, /) -> None:
        self._settings = settings
        key, problem = _read(settings.key_file)
        problems = [text for wrong, text in _checks(settings, sender) if wrong] + ([problem] if problem else [])
        if problems:
            raise ChannelNotConfigured("邮件签名（DKIM）", problems)
        self._algorithm, self._key = _algorithm(key)
        self._try()

    def __repr__(self) -> str:
        return f"Signer({self._settings.selector}._domainkey.{self._settings.domain})"

    def signed(self, mail: bytes) -> bytes:
        """Return the mail with its signature in front."""
        import dkim

        head = mail.partition(b"\r\n\r\n")[0].lower()
        covered = [name for name in HEADERS if re.search(rb"^%s:" % name.encode(), head, re.MULTILINE)]
        # "from" once more than it stands there: a second one would break the signature
        line: bytes = dkim.sign(
            mail,
            self._settings.selector.encode(),
            self._settings.domain.encode(),
            self._key,
            signature_algorithm=self._algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*covered, "from"],
        )
        return line + mail

    def _try(self) -> None:
        """Sign something, so that a key that cannot is found at the start."""
        try:
            import dkim
        except ImportError:
            raise ChannelNotConfigured("邮件签名（DKIM）", ["缺少程序包 dkimpy，请安装 rectiflow[dkim]"]) from None
        try:
            self.signed(TRIAL)
            if self._algorithm == RSA and _bits(self._key) < FEWEST_BITS:
                raise ValueError("short key")
        except (dkim.DKIMException, ValueError, TypeError, LookupError, ArithmeticError) as exc:
            raise ChannelNotConfigured("邮件签名（DKIM）", [_trouble(exc, self._settings.key_file)]) from None


def _checks(settings: DkimSettings, sender: str) -> list[tuple[bool, str]]:
    domain, of_sender = settings.domain.lower(), domain_of(sender).lower()
    return [
        (not is_domain(domain), f"签名域名“{settings.domain}”不是有效域名"),
        (not _SELECTOR.fullmatch(settings.selector), f"选择器“{settings.selector}”应由字母、数字、点和连字符组成"),
        (
            not f".{of_sender}".endswith(f".{domain}"),
            f"签名域名 {settings.domain} 与发件地址的域名 {of_sender} 不一致，收信方不会认可",
        ),
    ]


def _read(file: Path) -> tuple[bytes, str]:
    """Return the DER bytes of a private key in PEM, and what is wrong with the file."""
    try:
        text = file.read_bytes()
    except OSError as exc:
        return b"", f"签名密钥文件 {file} 读不了（{os_reason(exc)}）"
    found = _PEM.search(text)
    try:
        return base64.b64decode(found[1]) if found else b"", "" if found else f"{file} 里没有 PEM 格式、未加密的私钥"
    except ValueError:
        return b"", f"{file} 里的私钥已损坏"


def _algorithm(key: bytes) -> tuple[bytes, bytes]:
    """Return the name of the signature and the key as dkimpy takes it."""
    if key.startswith(ED25519):
        return b"ed25519-sha256", base64.b64encode(key[len(ED25519) :][:32])
    wrapped = base64.encodebytes(key)
    return RSA, b"-----BEGIN PRIVATE KEY-----\n" + wrapped + b"-----END PRIVATE KEY-----\n"


def _bits(key: bytes) -> int:
    from dkim import crypto

    return cast("int", crypto.parse_pem_private_key(key)["modulus"]).bit_length()


def _trouble(exc: Exception, file: Path) -> str:
    """Say what is wrong, without a word of the key."""
    if type(exc).__name__ == "NaClNotFoundError":
        return "Ed25519 签名缺少程序包 PyNaCl，请安装 dkimpy[ed25519]，或改用 RSA 密钥"
    return f"{file} 里的私钥不能用来签名（{type(exc).__name__}），应是 {FEWEST_BITS} 位以上的 RSA 私钥或 Ed25519 私钥"
