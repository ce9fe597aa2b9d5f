"""The one kind of row that every report is made from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct


class Case(Struct, frozen=True, kw_only=True):
    """One hazard as it stood at the cut-off.

    All dates are local days of the district and are the days on which things happened, not those on which
    they were recorded (`entered_on` apart). A hazard that was closed and taken up again has no `passed_on`,
    `closed_on` and `outcome` until it passes once more; `reopened` remembers it.
    """

    number: str
    unit_id: str
    unit: str
    #: The supervising town central school or park education office; 局直属 if there is none.
    town: str
    category_id: str
    #: Title of the top category.
    category: str
    #: "general" or "major".
    severity: str
    workflow: str
    source: str
    #: Title of the state, as printed.
    state: str
    description: str
    #: Counted everywhere, described nowhere.
    restricted: bool
    found_on: date
    entered_on: date
    #: The day the notice was served; None if there was none (fixed on the spot, not yet assigned).
    served_on: date | None
    original_due_on: date | None
    due_on: date | None
    #: The application for re-inspection that stands: waiting, or the one that passed. None if none or failed.
    applied_on: date | None
    passed_on: date | None
    closed_on: date | None
    #: None while open; else "rectified", "unfounded", "merged", "void", …
    outcome: str | None
    verify_due_on: date | None
    #: Waiting for re-inspection past the verifier's own date (复查逾期) at the cut-off.
    verify_late: bool
    fails: int
    #: Whether the first re-inspection passed; None if there was none yet.
    first_pass: bool | None
    on_the_spot: bool
    self_found: bool
    #: Taken over from an earlier ledger (存量).
    stock: bool
    #: Records entered on behalf of a unit (代录).
    on_behalf: int
    #: Records entered late (补录).
    late_entries: int
    #: "village", "town" or "district" while listed; None if not.
    listed: str | None
    #: Handed to another authority (移送).
    referred: bool
    #: How often the deadline was extended.
    extended: int
    #: Money for the rectification, in units of 10,000 yuan (万元).
    funds: Decimal | None
    reopened: bool
