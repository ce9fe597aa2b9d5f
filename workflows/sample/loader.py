"""Everything the sample district offers, in one place."""

from __future__ import annotations

from .district import (
    ROLE_TITLES,
    SampleDistrict,
    SamplePerson,
    SamplePost,
    SampleSubstitute,
    SampleUnit,
    load_district,
    write_organisation_workbook,
)
from .opening import OPENING_DAY, OpeningLedger, load_opening, write_opening_ledger

__all__ = [
    "OPENING_DAY",
    "ROLE_TITLES",
    "OpeningLedger",
    "SampleDistrict",
    "SamplePerson",
    "SamplePost",
    "SampleSubstitute",
    "SampleUnit",
    "load_district",
    "load_opening",
    "write_opening_ledger",
    "write_organisation_workbook",
]
