"""Template files in folders: which there are, which one overrides which, and what is wrong with their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec import Struct

from rectiflow.engine.errors import os_reason

from .errors import TemplateProblem
from .parameters import OCCASIONS

__all__ = [
    "FRAME_HTML",
    "FRAME_TEXT",
    "Folder",
    "Source",
    "builtin_templates",
    "mail_html",
    "mail_subject",
    "mail_text",
    "misnamed",
    "missing_files",
    "occasions_in",
    "read_folders",
    "sms_text",
    "stem",
    "stems",
]

Folder = Path | Traversable

FRAME_TEXT = "_frame.mail.txt.j2"  #: greeting, body, next step, sender
FRAME_HTML = "_frame.mail.html.j2"
MAX_CHARACTERS = 65_536

_SUFFIX = ".j2"
_NAME = re.compile(r"(_?[a-z][a-z0-9_]*)\.(mail\.txt|mail\.html|sms\.txt)\.j2")
_KEPT = (".bak", ".old", ".orig", ".swp", "~")  #: end the names of copies that somebody, or an editor, has kept
_SUBJECT = re.compile(r"主题[：:]\s*(\S.*)")


class Source(Struct, frozen=True, kw_only=True):
    """One template as it counts: `path` is where it was read, `rank` the place of its folder in the order."""

    name: str
    path: str
    text: str
    rank: int


def builtin_templates() -> Traversable:
    """Return the folder of the templates that come with the program."""
    return files("rectiflow.notifiers") / "occasions"


def mail_text(occasion: str) -> str:
    """Return the file name of an occasion's mail."""
    return f"{occasion}.mail.txt.j2"


def mail_html(occasion: str) -> str:
    """Return the file name of an occasion's own HTML page, which is optional."""
    return f"{occasion}.mail.html.j2"


def mail_subject(occasion: str) -> str:
    """Return the name of the subject, which is the first line of the mail's file."""
    return f"{occasion}.mail.subject"


def sms_text(occasion: str) -> str:
    """Return the file name of an occasion's short message."""
    return f"{occasion}.sms.txt.j2"


def read_folders(
    folders: Sequence[Folder], aside: Collection[str] = ()
) -> tuple[dict[str, Source], list[TemplateProblem]]:
    """Read all templates; a later folder overrides an earlier one, file by file.

    An occasion's own HTML page does not outlive an override of its text: the mail would say two things.

    Args:
        aside: stems of files that are passed over in every folder but the first; see `stem`.
    """
    found: dict[str, Source] = {}
    problems: list[TemplateProblem] = []
    for rank, folder in enumerate(folders):
        for file in _listed(folder, problems):
            if rank and stem(file.name) in aside:
                continue
            source = _read(file, rank, problems)
            if source is not None:
                found[source.name] = source
    for occasion in occasions_in(found):
        text, page = found.get(mail_text(occasion)), found.get(mail_html(occasion))
        if text and page and page.rank < text.rank:
            del found[page.name]
    return _with_subjects(found, problems), problems


def stem(path: str) -> str:
    """Return what the files of an occasion have in common: the occasion; of a shared file its name without the endings."""
    return path.replace("\\", "/").rpartition("/")[2].partition(".")[0]


def stems(folder: Folder) -> set[str]:
    """Return the stems of all files of a folder; none of one that cannot be read."""
    return {stem(file.name) for file in _entries(folder, [])}


def misnamed(folder: Folder) -> list[TemplateProblem]:
    """Return the files of a folder that are not read as templates for their names, and look as if they were meant to be."""
    found = sorted((f for f in _entries(folder, []) if not f.name.endswith((_SUFFIX, *_KEPT))), key=lambda f: f.name)
    told = ((str(file), _meant(file.name)) for file in found if file.is_file())
    return [
        TemplateProblem(path=path, line=0, message=f"文件名不对，没有用上，应为 {' 或 '.join(meant)}")
        for path, meant in told
        if meant
    ]


def _meant(name: str) -> list[str]:
    """Return what a file that is not read may have been meant to be called."""
    title, *rest = name.lower().split(".")
    ids = {said: occasion for occasion, said in OCCASIONS.items()}
    near = get_close_matches(title, (*OCCASIONS, "_frame", "_facts"), n=1, cutoff=0.8)
    occasion = ids.get(title) or next(iter(near), title)
    kind = next((k for k in ("mail", "sms") if k in rest), None)
    if kind is None:
        known = occasion in OCCASIONS and (occasion == title or title in ids)
        return [mail_text(occasion), sms_text(occasion)] if known and rest else []
    return [f"{occasion}.{kind}.{'html' if 'html' in rest and kind == 'mail' else 'txt'}{_SUFFIX}"]


def occasions_in(sources: Mapping[str, Source]) -> list[str]:
    """Return the occasions that have at least one file, sorted."""
    return sorted({n.partition(".")[0] for n in sources if not n.startswith("_")})


def missing_files(sources: Mapping[str, Source]) -> list[str]:
    """Return what is missing: the frames, and mail and SMS of every occasion, with its Chinese title."""
    occasions = sorted({*OCCASIONS, *occasions_in(sources)})
    wanted = [(FRAME_TEXT, "邮件框架"), (FRAME_HTML, "邮件框架")]
    wanted += [(name(o), OCCASIONS.get(o) or _unknown(o)) for o in occasions for name in (mail_text, sms_text)]
    return [f"{name}（{title}）" for name, title in wanted if name not in sources]


def _unknown(occasion: str) -> str:
    near = get_close_matches(occasion, OCCASIONS, n=1)
    return f"自定义，没有内置的这种场合，是不是 {near[0]}" if near else "自定义"


def _listed(folder: Folder, problems: list[TemplateProblem]) -> Iterable[Folder]:
    return sorted((f for f in _entries(folder, problems) if f.name.endswith(_SUFFIX)), key=lambda f: f.name)


def _entries(folder: Folder, problems: list[TemplateProblem]) -> list[Folder]:
    told = "没有这个模板文件夹，请核对设置"
    try:
        if folder.is_dir():
            return list(folder.iterdir())
    except OSError as exc:
        told = f"读不了文件夹（{os_reason(exc)}），请检查权限"
    problems.append(TemplateProblem(path=str(folder), line=0, message=told))
    return []


def _read(file: Folder, rank: int, problems: list[TemplateProblem]) -> Source | None:
    path = str(file)

    def refuse(message: str) -> None:
        problems.append(TemplateProblem(path=path, line=0, message=message))

    if not _NAME.fullmatch(file.name):
        title, _, rest = file.name.partition(".")
        near = next((f"；是不是 {o}.{rest}" for o, said in OCCASIONS.items() if said == title), "")
        refuse(f"文件名应为 场合.mail.txt.j2、场合.mail.html.j2 或 场合.sms.txt.j2{near}")
        return None
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        refuse("不是 UTF-8 编码，请另存为 UTF-8")
        return None
    except OSError as exc:
        refuse(f"读不了文件（{os_reason(exc)}），请检查权限")
        return None
    if len(text) > MAX_CHARACTERS:
        refuse(f"超过 {MAX_CHARACTERS} 个字符，请精简")
        return None
    return Source(name=file.name, path=path, text=text.replace("\r\n", "\n"), rank=rank)


def _with_subjects(found: Mapping[str, Source], problems: list[TemplateProblem]) -> dict[str, Source]:
    """Part the first line of each mail from the rest, which keeps its line numbers."""
    sources = dict(found)
    for occasion in occasions_in(found):
        source = found.get(mail_text(occasion))
        if source is None:
            continue
        first, _, rest = source.text.partition("\n")
        subject = _SUBJECT.fullmatch(first.rstrip())
        if subject is None:
            problems.append(TemplateProblem(path=source.path, line=1, message="第一行应为“主题：……”"))
        name = mail_subject(occasion)
        line = subject[1] if subject else ""
        sources[name] = Source(name=name, path=source.path, text=line, rank=source.rank)
        sources[source.name] = Source(name=source.name, path=source.path, text="\n" + rest, rank=source.rank)
    return sources
