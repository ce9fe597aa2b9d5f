"""Bytes of a mail as text, whatever its label says: Chinese mail is often labelled wrongly or not at all."""

from __future__ import annotations

import re

from .plaintext import one_line

__all__ = ["decode_text", "decode_words"]

MAX_HEADER = 8_000  #: characters of one header that are looked at; RFC 5322 lines have at most 998
_GB = frozenset(
    {"gb2312", "gbk", "gb18030", "gb23121980", "xgbk", "cp936", "ms936", "windows936", "euccn", "eucgb2312cn"}
)
_SHIFTING = re.compile(r"iso2022(jp|kr)\w*|hz(gb2312)?|utf(16|32)([bl]e)?")
_KNOWN = re.compile(
    r"big5(hkscs)?|(cp|ms|windows)950|euc(jp|kr)|shift_?jis|sjis|koi8[ru]|iso8859\d{1,2}|latin1|(windows|cp)125\d|ksc56011987"
)
_CHINESE = re.compile(r"[\x00-\x7f\u2010-\u2027\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uffee\u2460-\u2473·×℃]*")
_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{1,20})?\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")


def decode_text(raw: bytes, label: str | None = None) -> str:
    """Return the text, never failing; U+FFFD stands for what cannot be read.

    UTF-8 is believed wherever it fits, since hardly any other text does by chance; then the label, GB 2312 and
    GBK read as GB 18030 (each a part of the next); then GB 18030; a Western label is believed last.
    """
    name = re.sub(r"[^a-z0-9]", "", (label or "").lower())
    if _SHIFTING.fullmatch(name):
        return _strictly(raw, _python_name(name)) or raw.decode("utf-8", "replace")
    for codec in ("utf-8-sig", *_guesses(name)):
        text = _strictly(raw, codec)
        if text is not None and (codec != "gb18030" or name in _GB or _CHINESE.fullmatch(text)):
            return text
    if name in _GB:
        return raw.decode("gb18030", "replace")
    return raw.decode("utf-8", "replace")


def decode_words(header: str) -> str:
    """Return a header on one line with its encoded words (RFC 2047) read, also inside quotes, and raw bytes guessed.

    Control characters go: no database and no header of ours takes them. Neighbouring words of one charset are put together
    before they are read: some programs cut a character in two.
    """
    text = _BETWEEN_WORDS.sub(r"\1", _raw(header[:MAX_HEADER]))
    pieces: list[str] = []
    held, label, end = b"", "", 0
    for word in _WORD.finditer(text):
        joined = word.start() == end and label.lower() == word[1].lower()
        if held and not joined:
            pieces.append(decode_text(held, label))
            held = b""
        pieces.append(text[end : word.start()])
        held, label, end = held + _word_bytes(word[2], word[3]), word[1], word.end()
    pieces += [decode_text(held, label) if held else "", text[end:]]
    return one_line("".join(pieces))


def _guesses(name: str) -> tuple[str, ...]:
    if not _KNOWN.fullmatch(name):  # a GB charset too
        return ("gb18030",)
    western = name.startswith(("iso8859", "latin", "windows125", "cp125"))
    return ("gb18030", _python_name(name)) if western else (_python_name(name), "gb18030")


def _python_name(name: str) -> str:
    if name.endswith("950"):
        return "cp950"
    if western := re.fullmatch(r"(iso8859|windows)(\d+)", name):
        return f"cp{western[2]}" if western[1] == "windows" else f"iso8859-{western[2]}"
    return {"hzgb2312": "hz", "ksc56011987": "euc_kr"}.get(name, name)


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _raw(header: str) -> str:
    """Return a header whose bytes beyond ASCII the parser kept as surrogates."""
    try:
        return decode_text(header.encode("ascii", "surrogateescape"))
    except UnicodeError:  # it was text already
        return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _word_bytes(encoding: str, coded: str) -> bytes:
    import binascii

    plain = coded.encode("ascii", "ignore")
    if encoding in "qQ":
        return _QUOTED.sub(lambda hit: bytes([int(hit[1], 16)]), plain.replace(b"_", b" "))
    try:
        return binascii.a2b_base64(plain + b"==")
    except binascii.Error:
        return b"\xef\xbf\xbd"
