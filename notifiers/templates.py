"""Message templates: loaded and checked once, rendered when a message is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from jinja2 import FunctionLoader, StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from .errors import RenderFailure, TemplateInvalid, TemplateMissing, TemplateProblem
from .message import Param
from .page import paragraphs
from .parameters import ABOUT_MANY, PARAMETERS, SIGNABLE, SMS_ANSWER, how_to_answer
from .plaintext import clean_lines, one_line
from .template_check import check_sources, check_trial
from .template_files import (
    FRAME_HTML,
    FRAME_TEXT,
    Folder,
    Source,
    mail_html,
    mail_subject,
    mail_text,
    misnamed,
    missing_files,
    occasions_in,
    read_folders,
    sms_text,
    stem,
    stems,
)

__all__ = ["REPLY_MARK", "MailText", "TemplateSet"]

MAX_CHARACTERS = 200_000  #: of one rendered part
REPLY_MARK = "—— 请在此行以上回复，本行以下会被忽略 ——"  #: parts an answer from what it quotes
FILTERS = frozenset(
    {"default", "e", "escape", "first", "int", "join", "last", "length", "lower", "replace", "truncate"}
)


class MailText(Struct, frozen=True, kw_only=True):
    """The words of one mail: a subject on one line, the plain text and the page."""

    subject: str
    text: str
    html: str


class TemplateSet:
    """All templates of one district. Made by `load`, then never changed."""

    def __init__(self, sources: Mapping[str, Source], /) -> None:
        self._sources = dict(sources)
        self._environment = _environment(self._sources)
        self._versions = {o: _version(o, self._sources) for o in occasions_in(self._sources)}

    @classmethod
    def load(cls, folders: Sequence[Folder], /) -> TemplateSet:
        """Read, check and compile the templates of some folders; a later folder overrides an earlier one.

        An occasion is `<occasion>.mail.txt.j2` (first line "主题：…"), `<occasion>.sms.txt.j2` and optionally
        `<occasion>.mail.html.j2`; without the last the page is the plain text in the common frame. Files beginning
        with "_" are for including. A district may add occasions of its own.

        Raises:
            TemplateInvalid: with every problem of every file: its name, unknown names, syntax, references, trial renderings.
            TemplateMissing: every file that should be there and is not.
        """
        made, problems, missing = cls._checked(folders)
        problems += [p for folder in folders for p in misnamed(folder)]
        if problems:
            raise TemplateInvalid([*problems, *_absent(missing)])
        if missing:
            raise TemplateMissing(missing)
        return made

    @classmethod
    def load_sound(cls, builtin: Folder, own: Folder, /) -> tuple[TemplateSet, tuple[TemplateProblem, ...]]:
        """Load what can be used: own files with a fault are set aside, and the built-in words of that occasion stand in.

        An occasion is set aside whole, mail and short message, so that both say the same. Of a shared file ("_…") the
        built-in one stands in; what needed the own one is set aside with it. Where no file can be named, all are set
        aside: what is sent never depends on the own files.

        Returns:
            the templates, and every problem of the own files, by file and line.

        Raises:
            TemplateInvalid, TemplateMissing: the built-in templates themselves cannot be used.
        """
        aside, found = set[str](), dict.fromkeys(misnamed(own))
        while True:
            made, problems, missing = cls._checked([builtin, own], aside)
            told = [*problems, *_absent(missing)]
            found |= dict.fromkeys(told)
            if not told:
                return made, _in_order(found)
            left = stems(own) - aside
            wrong = {stem(p.path) for p in told} & left
            wrong = wrong or {s for s in left if s.startswith("_")}  # a built-in file does not go with the shared ones
            if not wrong:
                return cls.load([builtin]), _in_order(found)
            aside |= wrong

    @classmethod
    def _checked(
        cls, folders: Sequence[Folder], aside: Collection[str] = ()
    ) -> tuple[TemplateSet, list[TemplateProblem], list[str]]:
        """Return the templates with all that is wrong with them, and the files that are missing."""
        sources, problems = read_folders(folders, aside)
        made, missing = cls(sources), missing_files(sources)
        problems += check_sources(made._environment, sources)
        if not problems and not missing:
            problems += check_trial(made, sources)
        return made, problems, missing

    @property
    def occasions(self) -> frozenset[str]:
        """Return every occasion there is a template for."""
        return frozenset(self._versions)

    def version(self, occasion: str) -> int:
        """Return a number that changes with the words: 31 bits of the SHA-256 over the occasion's files and the frames.

        Raises:
            RenderFailure: no such occasion.
        """
        return self._versions[self._known(occasion)]

    def mail(
        self,
        occasion: str,
        params: Mapping[str, Param],
        /,
        *,
        replies: bool = False,
        invited: bool = True,
        note: str = "",
    ) -> MailText:
        """Render a mail; parameters not given count as empty.

        Args:
            replies: an answer is read: the mail begins with `REPLY_MARK`, says below its words what can be answered
                (`how_to_answer`), and does not say that nobody reads it; one that is about no one hazard (`ABOUT_MANY`) says
                which mail to answer.
            invited: what can be answered is for the recipient to do; see `Message.invited`.
            note: lines that stand below the words of the occasion.

        Raises:
            RenderFailure: no such occasion, or the template fails on these parameters.
        """
        values: dict[str, object] = {
            **_complete(params),
            "reply_mark": REPLY_MARK if replies else "",
            "answerable": occasion not in ABOUT_MANY,
        }
        words = clean_lines(self._render(mail_text(self._known(occasion)), values))
        body = "\n\n".join(filter(None, (words, how_to_answer(occasion, params) if replies and invited else "")))
        subject = one_line(self._render(mail_subject(occasion), values))
        notes = clean_lines(note)
        text = clean_lines(self._render(FRAME_TEXT, {**values, "body": "\n\n".join(filter(None, (body, notes)))}))
        if replies and REPLY_MARK not in text:  # a district's own frame may have been written without it
            text = f"{REPLY_MARK}\n\n{text}"
        page = mail_html(occasion) if mail_html(occasion) in self._sources else FRAME_HTML
        html = self._render(
            page, {**values, "subject": subject, "paragraphs": paragraphs(body), "notes": notes.splitlines()}
        )
        if not (words and subject):
            raise self._unusable(mail_text(occasion), "主题或正文为空，请修改模板")
        return MailText(subject=subject, text=text + "\n", html=html.strip() + "\n")

    def sms(self, occasion: str, params: Mapping[str, Param], /, *, replies: bool = False) -> str:
        """Render a short message on one line, without signature; parameters not given count as empty.

        Args:
            replies: an answer is read: what can be signed for says so.

        Raises:
            RenderFailure: no such occasion, or the template fails on these parameters.
        """
        name = sms_text(self._known(occasion))
        text = one_line(self._render(name, _complete(params)))
        if not text:
            raise self._unusable(name, "没有内容，请修改模板")
        return f"{text}{SMS_ANSWER}" if replies and occasion in SIGNABLE else text

    def _known(self, occasion: str) -> str:
        if occasion not in self._versions:
            wanted = f"{mail_text(occasion)} 和 {sms_text(occasion)}"
            raise RenderFailure(f"没有名为 {occasion} 的消息模板，请补上 {wanted}。")
        return occasion

    def _render(self, name: str, values: Mapping[str, object]) -> str:
        try:
            text = self._environment.get_template(name).render(values)
        except Exception as exc:
            path, line = self._place(name, exc)
            raise RenderFailure(
                f"消息模板 {path}:{line} 出错（{exc}），请修改模板后重发。", path=path, line=line
            ) from exc
        if len(text) > MAX_CHARACTERS:
            raise self._unusable(name, f"内容超过 {MAX_CHARACTERS} 个字符，请精简")
        return text

    def _unusable(self, name: str, what: str) -> RenderFailure:
        path = self._sources[name].path
        return RenderFailure(f"消息模板 {path} {what}。", path=path)

    def _place(self, name: str, error: Exception) -> tuple[str, int]:
        """Return file and line of the innermost template the error came through: of the latest folder, whose it is."""
        ranks = {source.path: source.rank for source in self._sources.values()}
        found = [(self._sources[name].path, 0), *_lines_of(error, ranks)]
        latest = max(ranks[path] for path, _ in found)
        return next((path, line) for path, line in reversed(found) if ranks[path] == latest)


def _absent(missing: Sequence[str]) -> list[TemplateProblem]:
    return [TemplateProblem(path=name, line=0, message="缺少文件") for name in missing]


def _in_order(problems: Iterable[TemplateProblem]) -> tuple[TemplateProblem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.path, p.line)))


def _lines_of(error: Exception, paths: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield file and line of each template an error came through, the innermost last."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in paths:
            yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox in which a template can neither reach Python's objects nor make huge values."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> NoReturn:
        raise SecurityError(f"模板里不能用运算符 {operator}")


def _environment(sources: Mapping[str, Source]) -> _Sandbox:
    """Build the environment and compile every template that can be; the checks name the others."""

    def find(name: str) -> tuple[str, str | None, Callable[[], bool] | None] | None:
        source = sources.get(name)
        return (source.text, source.path, None) if source else None

    environment = _Sandbox(
        loader=FunctionLoader(find),
        undefined=StrictUndefined,
        autoescape=_is_page,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters = {k: v for k, v in environment.filters.items() if k in FILTERS}
    return environment


def _is_page(name: str | None) -> bool:
    return bool(name and name.endswith(".html.j2"))


def _complete(params: Mapping[str, Param]) -> dict[str, str | int]:
    return {name: "" if (value := params.get(name)) is None else value for name in PARAMETERS}


def _version(occasion: str, sources: Mapping[str, Source]) -> int:
    names = sorted(n for n in sources if n.startswith(("_", f"{occasion}.")))
    text = "\0".join(f"{name}\0{sources[name].text}" for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) & 0x7FFFFFFF
