"""Mails signed for their domain, checked by dkimpy's own verifier."""

from __future__ import annotations

import base64
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from rectiflow.notifiers import (
    ChannelNotConfigured,
    DkimSettings,
    Enclosure,
    RecordingChannel,
    Sender,
    SmtpChannel,
    SmtpSettings,
    TemplateSet,
)
from rectiflow.notifiers.dkim_signature import Signer
from rectiflow.notifiers.mime import compose_mail

from .conftest import START, MakeContact, MakeMessage

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def written(folder: Path, key: PrivateKey, style: str = "PKCS8") -> Path:
    """Write a private key as PEM."""
    file = folder / "dkim.pem"
    kind = getattr(serialization.PrivateFormat, style)
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    return file


def settings(file: Path, domain: str = "edu.example", selector: str = "s2024") -> DkimSettings:
    """Return settings for the file."""
    return DkimSettings(domain=domain, selector=selector, key_file=file)


def records(key: PrivateKey) -> Callable[..., bytes]:
    """Answer as the domain's DNS would."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        text = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        text = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)

    def find(name: bytes, timeout: float = 5) -> bytes:
        assert name == b"s2024._domainkey.edu.example."
        return text

    return find


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """An RSA key as domains have it."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def ed25519_key(monkeypatch: pytest.MonkeyPatch) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key; where PyNaCl is not installed, what dkimpy asks of it is done by `cryptography`."""
    if importlib.util.find_spec("nacl") is None:
        monkeypatch.setattr(dkim, "nacl", stand_in(), raising=False)
    return ed25519.Ed25519PrivateKey.generate()


def stand_in() -> Any:
    """Return the few names of PyNaCl that dkimpy uses."""

    class SigningKey:
        def __init__(self, seed: bytes, encoder: object) -> None:
            self.key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))

        def sign(self, text: bytes) -> SimpleNamespace:
            return SimpleNamespace(signature=self.key.sign(text))

    class VerifyKey:
        def __init__(self, raw: bytes, encoder: object) -> None:
            self.key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(raw))

        def verify(self, text: bytes, signature: bytes) -> bytes:
            self.key.verify(signature, text)
            return text

    return SimpleNamespace(
        signing=SimpleNamespace(SigningKey=SigningKey, VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=object()),
        exceptions=SimpleNamespace(ValueError=ValueError, BadSignatureError=InvalidSignature),
    )


@pytest.fixture
def mail(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> bytes:
    """A mail in Chinese, with an answer wanted and a file it could not take along."""
    sender = Sender(
        address="safety@edu.example",
        name="梁子湖区教育局",
        reply_address=lambda message, contact: "reply+1@edu.example",
    )
    message = make_message(attachments=(Enclosure(name="通知书.docx", sha256="0" * 64),))
    return compose_mail(message, make_contact(), templates=templates, sender=sender, at=START).body


@pytest.mark.parametrize("style", ["PKCS8", "TraditionalOpenSSL"])
def test_rsa(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, mail: bytes, style: str) -> None:
    """A signature holds over text in Chinese; both ways to write the key are read."""
    signed = Signer(settings(written(tmp_path, rsa_key, style)), "safety@edu.example").signed(mail)
    assert signed.endswith(mail)
    assert b"a=rsa-sha256" in signed
    assert dkim.verify(signed, dnsfunc=records(rsa_key))


def test_ed25519(tmp_path: Path, ed25519_key: ed25519.Ed25519PrivateKey, mail: bytes) -> None:
    """The same for the shorter kind of key."""
    signed = Signer(settings(written(tmp_path, ed25519_key)), "safety@edu.example").signed(mail)
    assert b"a=ed25519-sha256" in signed
    assert dkim.verify(signed, dnsfunc=records(ed25519_key))
    assert not dkim.verify(signed.replace(b"Subject: ", b"Subject: x"), dnsfunc=records(ed25519_key))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: x"),
        (b"Reply-To: ", b"Reply-To: x"),
        (b"\r\nTo: ", b"\r\nFrom: evil@edu.example\r\nTo: "),
        (b"Auto-Submitted: auto-generated", b"Auto-Submitted: no"),
        (b"\r\n--=_", b"\r\nx\r\n--=_"),
    ],
)
def test_what_is_changed_on_the_way_is_noticed(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey, mail: bytes, old: bytes, new: bytes
) -> None:
    """Headers and body are covered, and a second sender cannot be put in."""
    signed = Signer(settings(written(tmp_path, rsa_key)), "safety@edu.example").signed(mail)
    assert old in mail
    assert not dkim.verify(signed.replace(old, new), dnsfunc=records(rsa_key))


def test_a_relay_may_fold_and_space(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, mail: bytes) -> None:
    """White space that a relay adds does no harm."""
    signed = Signer(settings(written(tmp_path, rsa_key)), "safety@edu.example").signed(mail)
    assert dkim.verify(
        b"Received: from a by b\r\n" + signed.replace(b"\r\nDate: ", b"\r\nDate:   ") + b"\r\n",
        dnsfunc=records(rsa_key),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "读不了"),
        (b"", "没有 PEM 格式、未加密的私钥"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END", "没有 PEM 格式、未加密的私钥"),
        (b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n", "不能用来签名"),
        (b"-----BEGIN PRIVATE KEY-----\nQUJDR\n-----END PRIVATE KEY-----\n", "已损坏"),
    ],
)
def test_a_key_that_cannot_sign_is_said_at_the_start(tmp_path: Path, content: bytes | None, told: str) -> None:
    """Missing, empty, encrypted, nonsense: the file is named, its content is not."""
    file = tmp_path / "dkim.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ChannelNotConfigured) as caught:
        Signer(settings(file), "safety@edu.example")
    assert told in str(caught.value)
    assert str(file) in str(caught.value)
    assert "QUJD" not in str(caught.value)


def test_a_short_key_is_refused(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below 1024 bits a signature counts for nothing (RFC 8301); here the bar is raised instead of the key shortened."""
    monkeypatch.setattr("rectiflow.notifiers.dkim_signature.FEWEST_BITS", 4096)
    with pytest.raises(ChannelNotConfigured, match="应是 4096 位以上的 RSA 私钥"):
        Signer(settings(written(tmp_path, rsa_key)), "safety@edu.example")


def test_every_problem_at_once(tmp_path: Path) -> None:
    """Domain, selector and key are all looked at."""
    with pytest.raises(ChannelNotConfigured) as caught:
        Signer(settings(tmp_path / "none", "not a domain", "s 1"), "safety@edu.example")
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(("domain", "fits"), [("edu.example", True), ("du.example", False), ("example", True)])
def test_the_domain_is_the_senders(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, domain: str, *, fits: bool) -> None:
    """A signature of somebody else's domain would count for nothing."""
    given = settings(written(tmp_path, rsa_key), domain)
    if fits:
        assert "PRIVATE" not in repr(Signer(given, "safety@edu.example"))
        return
    with pytest.raises(ChannelNotConfigured, match=r"与发件地址的域名 edu.example 不一致"):
        Signer(given, "safety@edu.example")


def test_ed25519_without_its_package(
    tmp_path: Path, ed25519_key: ed25519.Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install is said when the channel is made."""
    monkeypatch.delattr(dkim, "nacl", raising=False)
    mail = SmtpSettings(
        host="smtp.edu.example",
        sender="safety@edu.example",
        sender_name="安全股",
        dkim=settings(written(tmp_path, ed25519_key)),
    )
    with pytest.raises(ChannelNotConfigured, match=r"缺少程序包 PyNaCl，请安装 dkimpy\[ed25519\]"):
        SmtpChannel(mail)


def test_the_stored_bytes_stay_unsigned(
    tmp_path: Path,
    rsa_key: rsa.RSAPrivateKey,
    templates: TemplateSet,
    make_message: MakeMessage,
    make_contact: MakeContact,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A channel that signs composes the same bytes as one that does not."""
    caplog.set_level(logging.DEBUG)
    file = written(tmp_path, rsa_key)
    mail = SmtpSettings(host="smtp.edu.example", sender="office@example.org", sender_name="安全股")
    signing = SmtpSettings(
        host="smtp.edu.example", sender="office@example.org", sender_name="安全股", dkim=settings(file, "example.org")
    )
    one, two, three = (
        c.compose(make_message(), make_contact(), templates=templates, at=START)
        for c in (SmtpChannel(mail), SmtpChannel(signing), RecordingChannel())
    )
    assert one == two == three
    assert b"DKIM-Signature" not in one.body
    assert "PRIVATE" not in caplog.text + repr(signing)
