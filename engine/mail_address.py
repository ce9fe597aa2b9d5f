"""What limits a mail address, whoever reads it: RFC 5321, 4.5.3.1, and what programs on the way take for an option."""

from __future__ import annotations

__all__ = ["faults_of"]

_LOCAL, _DOMAIN, _WHOLE = 64, 255, 254  #: characters; the whole is the path limit less the angle brackets


def faults_of(text: str) -> tuple[str, ...]:
    """Say everything in which a text of the form local@domain is beyond the limits; nothing where it keeps them."""
    local, _, domain = text.rpartition("@")
    checks = (
        (local.startswith("-"), "@ 前面不能以“-”开头"),
        (len(local) > _LOCAL, f"@ 前面最多 {_LOCAL} 个字符"),
        ("." not in domain.strip("."), "@ 后面的域名里要有“.”"),
        (len(domain) > _DOMAIN, f"@ 后面最多 {_DOMAIN} 个字符"),
        (len(text) > _WHOLE, f"总共最多 {_WHOLE} 个字符"),
    )
    return tuple(said for wrong, said in checks if wrong)
