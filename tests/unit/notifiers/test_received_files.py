"""Attachments as evidence."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers.archive import Packing
from rectiflow.notifiers.incoming import Piece, read_mail
from rectiflow.notifiers.received_files import EnclosureLimits, clean_name, sift

from . import mails
from .mails import JPG

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 6000
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + b"\x00" * 6000
HEIC = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 6000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = b"%PDF-1.7\n" + b"x" * 100


def package(parts: Mapping[str, bytes] = {}, *, folder: str = "word", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an office file with these parts more."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zipped:
        for name, content in {"[Content_Types].xml": b"<Types/>", f"{folder}/document.xml": b"<x/>", **parts}.items():
            zipped.writestr(name, content)
    return file.getvalue()


def template(target: str, kind: str = "attachedTemplate") -> bytes:
    """Return the relations of a part that names something outside the file."""
    where = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    one = f'<Relationship Id="rId1" Type="{where}/{kind}" Target="{target}" TargetMode="External"/>'
    return f"<Relationships>{one}</Relationships>".encode()


def piece(name: str, content: bytes, *, inline: bool = False) -> Piece:
    """Return an attachment."""
    return Piece(name=name, media_type="application/octet-stream", content=content, inline=inline)


def why_not(name: str, content: bytes, limits: EnclosureLimits = EnclosureLimits()) -> str:  # noqa: B008 - frozen
    """Return why one file is not kept."""
    sifted = sift([piece(name, content)], limits=limits)
    return str(sifted.refused[0]) if sifted.refused else ""


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("整改后.jpg", JPG, "image/jpeg"),
        ("IMG_0001.JPEG", JPG, "image/jpeg"),
        ("a.png", PNG, "image/png"),
        ("a.webp", WEBP, "image/webp"),
        ("a.heic", HEIC, "image/heic"),
        ("a.heic", HEIC.replace(b"heic", b"hevc"), "image/heic"),
        ("a.heic", HEIC.replace(b"heic", b"msf1"), "image/heic"),
        ("整改报告.pdf", PDF, "application/pdf"),
        ("a.docx", package({"word/_rels/settings.xml.rels": template("file:///C:\\模板\\a.dotx")}), DOCX),
        ("a.docx", package({"word/_rels/document.xml.rels": template("https://x.example/", "hyperlink")}), DOCX),
        ("a.docx", package({"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0" * 100}), DOCX),
        ("报告.docx", package(), DOCX),
        ("台账.xlsx", package(folder="xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_kept(name: str, content: bytes, media_type: str) -> None:
    """Photographs and papers, with the type that the bytes have."""
    (kept,) = sift([piece(name, content)]).kept
    assert (kept.name, kept.media_type, kept.content) == (name, media_type, content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.exe", b"MZ", "是程序"),
        ("照片.jpg.exe", JPG, "是程序"),
        ("a.js", b"x", "是程序"),
        ("a.svg", b"<svg/>", "是网页一类"),
        ("a.html", b"<p>", "是网页一类"),
        ("a.zip", package(), "是压缩包"),
        ("a.rar", b"Rar!", "是压缩包"),
        ("a.docm", package(), "可以带宏"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "是旧格式"),
        ("转发的邮件.eml", b"", "是转发的邮件"),
        ("winmail.dat", b"x", "是 Outlook 的打包附件"),
        ("a.mp4", b"x", "格式不能收，只收照片"),
        ("a", b"MZ", "格式不能收"),
        ("a.pdf", PDF + b"/S /Java#53cript", "里面带有程序"),
        ("a.pdf", PDF + b"/#4c#61unch", "里面带有程序"),
        ("a.pdf", PDF + b"/#4A#61#76#61#53#63#72#69#70#74", "里面带有程序"),
        ("a.pdf", PDF + b"/Type /EmbeddedFile", "里面带有别的文件"),
        ("a.jpg", b"", "是空文件"),
        ("a.jpg", PNG, "内容不是 jpg 格式"),
        ("a.png", b"MZ\x90", "内容不是 png 格式"),
        ("a.pdf", b"<html>%PDF-", "内容不是 pdf 格式"),
        ("a.pdf", PDF + b"/JavaScript", "里面带有程序"),
        ("a.jpg", JPG + b"\x00" * 10 * 2**20, "有 11 MB，每个最多 10 MB"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + b"x" * 600, "加了密码或是旧格式"),
        ("a.docx", PDF, "内容与扩展名不符"),
        ("a.docx", package(folder="xl"), "内容与扩展名不符"),
        ("a.docx", package()[:-30], "打不开"),
        ("a.docx", package({"word/vbaProject.bin": b"x"}), "带有宏"),
        ("a.docx", package({"[Content_Types].xml": b"application/vnd.ms-word.document.macroEnabled.main+xml"}), "带有宏"),
        ("a.docx", package({"word/embeddings/run.EXE": b"x"}), "带有宏或程序"),
        ("a.docx", package({"word/embeddings/oleObject1.bin": b"MZ" * 100}), "带有宏或程序"),
        ("a.docx", package({"word/embeddings/o.bin": b"\xd0\xcf" + "Ole10Native".encode("utf-16-le")}), "带有宏或程序"),
        ("a.docx", package({"word/a.wsf": b"x"}), "带有宏或程序"),
        ("a.docx", package({"[Content_Types].xml": b" " * 70_000 + b"macroEnabled"}), "带有宏"),
        ("a.docx", package({"[Content_Types].xml": "macroEnabled".encode("utf-16")}), "带有宏"),
        ("a.docx", package({"[Content_Types].xml": b"macro&#69;nabled"}), "带有宏"),
        ("a.docx", package({"[Content_Types].xml": bytes(range(256)) * 5_000}), "解压后过大"),
        ("a.docx", package({"word/_rels/settings.xml.rels": template("http://x.example/a.dotm")}), "会从别处取模板"),
        ("a.docx", package({"word/_rels/settings.xml.rels": template("file://host/a.dotm")}), "会从别处取模板"),
        ("a.docx", package({"word/_rels/document.xml.rels": template("\\\\host\\a.dotm")}), "会从别处取模板"),
        ("a.docx", package({"../../x.xml": b"x"}), "打不开"),
        ("a.docx", package(method=zipfile.ZIP_LZMA), "打不开"),
    ],
)  # fmt: skip
def test_refused(name: str, content: bytes, why: str) -> None:
    """What may not be kept, and why, in words."""
    told = why_not(name, content)
    assert why in told
    assert not told.startswith("的")  # it stands behind a colon


def test_encrypted_entry() -> None:
    """A package whose entries need a password is refused with that word."""
    data = bytearray(package())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "加了密码" in why_not("a.docx", bytes(data))


BOMBS = {
    "large": package({"word/media/a.xml": b"\x00" * (40 * 2**20)}),
    "many": package({f"word/{n}": b"" for n in range(2001)}),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_zip_bombs(bomb: bytes) -> None:
    """They are refused by their directory: nothing is unfolded, and memory stays small."""
    tracemalloc.start()
    try:
        assert "解压后过大" in why_not("a.docx", bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_directory_that_lies() -> None:
    """A bomb that gives a small size in its directory fails its checksum, and no more than that size is unfolded."""
    data = bytearray(BOMBS["large"])
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    tracemalloc.start()
    try:
        assert "打不开" in why_not("a.docx", bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_total_of_a_package() -> None:
    """Without a suspicious ratio the whole still has its bound."""
    limits = EnclosureLimits(packing=Packing(unpacked_bytes=1000))
    assert "解压后过大" in why_not("a.docx", package({"word/a.xml": bytes(range(256)) * 8}), limits)


def test_limits_of_one_mail() -> None:
    """The first ones are kept, up to a number and a total."""
    few = sift([piece(f"{n}.jpg", JPG) for n in range(22)])
    assert len(few.kept) == 20
    assert [r.name for r in few.refused] == ["20.jpg", "21.jpg"]
    big = sift([piece(f"{n}.jpg", JPG + b"\x00" * 9 * 2**20) for n in range(3)])
    assert len(big.kept) == 2
    assert "合计超过 25 MB" in big.refused[0].why


def test_files_that_are_too_many_are_not_looked_at() -> None:
    """Those that were refused count too: looking costs time."""
    sifted = sift([piece("a.docx", b"PK\x03\x04")] * 20 + [piece("a.jpg", JPG)])
    assert "超出了一封邮件 20 个附件的上限" in sifted.refused[-1].why


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("smime.p7s", "application/pkcs7-signature"),
        ("smime.p7s", "application/x-pkcs7-signature"),
        ("signature.asc", "application/pgp-signature"),
        ("", "application/pgp-signature"),
    ],
)
def test_what_a_program_signs_with_is_no_file(name: str, kind: str) -> None:
    """Nothing is said of it; a photograph is one, whatever its type is called."""
    signature = Piece(name=name, media_type=kind, content=b"0\x80\x06\t")
    sifted = sift([signature, Piece(name="1.jpg", media_type=kind, content=JPG)])
    assert ([k.name for k in sifted.kept], sifted.refused, sifted.ignored) == (["1.jpg"], (), ())


def test_logos_are_ignored_but_said() -> None:
    """A small picture within the text is no evidence; a small one that is attached is."""
    small = JPG[:3000]
    sifted = sift(
        [piece("logo.jpg", small, inline=True), piece("logo.gif", b"GIF89a", inline=True), piece("a.jpg", small)]
    )
    assert [r.name for r in sifted.ignored] == ["logo.jpg", "logo.gif"]
    assert [k.name for k in sifted.kept] == ["a.jpg"]


def test_from_the_mail() -> None:
    """What telephones and programs attach is kept."""
    for mail, name in ((mails.QQ, "整改后.jpg"), (mails.IPHONE, "IMG_0001.jpeg")):
        assert [k.name for k in sift(read_mail(mail).attachments).kept] == [name]


def test_a_picture_without_a_name() -> None:
    """It gets one from what it is, or the extension that is missing."""
    names = ("", "整改后", "照片2024.9.2", "照" * 80, ".jpg")
    found = [k.name for k in sift([piece(name, JPG) for name in names]).kept]
    assert found == ["附件1.jpg", "整改后.jpg", "照片2024.9.2.jpg", "照" * 76 + ".jpg", "jpg.jpg"]


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("C:\\Users\\x\\照片.jpg", "照片.jpg"),
        ("../../etc/passwd", "passwd"),
        ("照片\u202egpj.exe", "照片gpj.exe"),
        ("a\x00b\r\n.jpg", "ab.jpg"),
        (' a"<>|?*:.jpg. ', "a_______.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("照" * 200 + ".jpg", "照" * 76 + ".jpg"),
        ("照" * 200, "照" * 80),
        ("..", ""),
        ("...jpg", "jpg"),
    ],
)
def test_names(name: str, clean: str) -> None:
    """No folders, no signs that hide something, no device, not too long."""
    assert clean_name(name) == clean


@given(st.text(max_size=200), st.binary(max_size=100), st.booleans())
def test_any_attachment(name: str, content: bytes, inline: bool) -> None:
    """Every attachment is in exactly one of the lists, and a cleaned name stays as it is."""
    sifted = sift([piece(name, content, inline=inline)])
    assert len(sifted.kept) + len(sifted.refused) + len(sifted.ignored) == 1
    assert clean_name(clean_name(name)) == clean_name(name)
    assert len(clean_name(name)) <= 80


@given(st.integers(0, 400), st.binary(max_size=20))
def test_broken_packages(at: int, content: bytes) -> None:
    """A package with any bytes in it changed is kept or refused, and nothing raises."""
    whole = package()
    sift([piece("a.docx", whole[:at] + content + whole[at + len(content) :])])
