"""A paper (文书) as frozen data: one numbered letter or form about one or more hazards, free of any file format."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from msgspec import Struct

#: Kinds of paper and what each is called.
PAPER_KINDS: Final = {
    "rectification_notice": "整改通知书",
    "supervision_letter": "督办通知",
    "listing_notice": "挂牌督办通知书",
    "verification_opinion": "复查意见书",
    "correction_notice": "更正通知",
    "extension_form": "延期审批表",
    "closeout_form": "销号审批表",
}
#: The kinds that are filled in and signed by hand, level by level; they have no red head and no slip.
FORM_KINDS: Final = frozenset({"extension_form", "closeout_form"})
PAPER_STATUSES: Final = frozenset({"draft", "signed", "served", "void", "withdrawn"})
PASSED, FAILED = "合格", "不合格"


class PaperItem(Struct, frozen=True, kw_only=True):
    """One item of a paper, mostly a hazard; an empty text is what is not known.

    What may not be shown (restricted categories) is empty already.
    """

    #: Its place in the paper, from 1; of a correction: the place in the paper that is corrected.
    ordinal: int
    #: The hazard's number.
    number: str
    place: str
    description: str
    category: str
    #: The rule that it breaks.
    basis: str
    measures: str
    responsible: str
    #: The deadline as it stands; after a failed re-inspection the new one.
    due_on: date | None
    #: What was done about it, and when it was finished.
    done: str = ""
    completed_on: date | None = None
    #: 合格, 不合格, or empty: not re-inspected.
    verdict: str = ""
    opinion: str = ""
    #: Of a correction: the old and the new text of `field`.
    before: str = ""
    after: str = ""
    field: str = ""


class Paper(Struct, frozen=True, kw_only=True):
    """A paper to one unit; `render_paper_word` and `render_paper_html` print it.

    Raises:
        ValueError: `kind` or `status` is none of the known ones, or `made_at` has no zone.
    """

    #: One of PAPER_KINDS.
    kind: str
    #: The title as printed; a long one is broken by sense.
    title: str
    issuer: str
    #: None until it is signed.
    number: str | None
    #: The unit it goes to; of a form: the unit that applies.
    addressee: str
    items: tuple[PaperItem, ...]
    #: The day of the inspection or of the re-inspection.
    found_on: date | None
    #: How it was inspected, in words: 区级检查, 联合检查, 单位自查, …
    method: str
    #: Names joined as printed (王明、李强).
    inspectors: str
    partners: str
    drafted_on: date
    signed_on: date | None
    signer: str
    signer_title: str
    #: One of PAPER_STATUSES.
    status: str
    #: 区级, 镇级 or 村级 of a listing.
    level: str = ""
    #: Number of the paper that is corrected or re-inspected.
    about: str = ""
    #: Titles and texts of a request.
    request: tuple[tuple[str, str], ...] = ()
    #: Who answers questions, with telephone.
    contact: str = ""
    #: Who else gets it.
    copies: tuple[str, ...] = ()
    #: Whether a slip to sign and send back comes with it.
    slip: bool = True
    made_at: datetime

    def __post_init__(self) -> None:
        if self.kind not in PAPER_KINDS:
            raise ValueError(f"no such kind of paper: {self.kind!r}; use one of {', '.join(PAPER_KINDS)}")
        if self.status not in PAPER_STATUSES:
            raise ValueError(f"no such status: {self.status!r}; use one of {', '.join(sorted(PAPER_STATUSES))}")
        if self.made_at.tzinfo is None:
            raise ValueError(f"a time without a zone: {self.made_at!r}; give an aware datetime")
