"""A message as a person reads it in the outbox."""

from __future__ import annotations

__all__ = ["readable"]


def readable(body: bytes) -> str:
    """Return whom a mail went to, its subject, files and words; of a short message its words, and what a gateway is given."""
    from email import message_from_bytes, policy

    from rectiflow.notifiers.mime import files_of

    if body.startswith(b"{"):
        return _of_gateway(body)
    mail = message_from_bytes(body, policy=policy.default)
    text = mail.get_body(("plain",))
    if not mail["Subject"] or text is None:
        return body.decode(errors="replace")
    files = "".join(f"\n附件：{name}（{max(1, size // 1000)} KB）" for name, size in files_of(body))
    return f"收件：{mail['To']}\n主题：{mail['Subject']}{files}\n\n{text.get_content()}"


def _of_gateway(body: bytes) -> str:
    """Return the words of a message as a cloud or a robot takes it, and below them what else it is given."""
    import json

    try:
        said = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    words = said.pop("text", None) if isinstance(said.get("text"), str) else None
    rest = json.dumps(said, ensure_ascii=False, indent=2)
    return f"{words}\n\n{rest}" if words else rest
