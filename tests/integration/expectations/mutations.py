"""A minimal broken row for each rule: the good row's columns of raw that must be changed so that this rule alone breaks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from expectations.rules import Rule
from ingest.spec import SourceSpec

Change = dict[str, Any]

BETWEEN_COLUMNS: dict[str, Change] = {
    "registrations/outdate_of_an_earlier_stay": {"indate": "2010-05-01", "outdate": "2010-04-01"},
    "registrations/outdate_not_before_estdate": {"outdate": "2000-01-01"},
    "registrations/revdate_not_before_start": {"revdate": "2000-01-01", "exitreason": "2"},
    "registrations/exit_needs_reason": {"candate": "2010-06-01", "exitreason": None},
    "registrations/reason_needs_exit": {"exitreason": "1", "candate": None, "revdate": None},
    "registrations/industryco_needs_standard": {"industrystd": None},
    "survey/motive_needs_phase": {"status": "0", "motive": "1"},
    "loans/due_date_given": {"event": "放款", "due_date": None},
    "employment/state_agrees_with_end": {"aac008": "3"},
    "employment/regno_check": {"aab003": "520381600000016"},
    "loans/regno_check": {"regno": "520381600000016"},
    "training/regno_check": {"regno": "520381600000016"},
    "tax_national/regno_check": {"regno": "520381600000016"},
    "tax_local/regno_check": {"regno": "520381600000016"},
}
"""Rules between columns that `tests/fixtures/<source>/bad.csv` has no row for."""

COMPANIONS: dict[str, Change] = {
    "employment/aae031": {"acc033": "3"},
    "tax_national/taxdue": {"paid": None, "relief": None},
    "tax_local/taxdue": {"paid": None, "relief": None},
}
"""What must change with a column so that no rule between columns breaks beside its own."""

NOT_ALONE = {f"{source}/taxdue.min": ["paid_within_due"] for source in ("tax_national", "tax_local")} | {
    "employment/aab001.digits_lost": ["employer_given"]
}
"""Rules that cannot be broken alone: paid and relief are at least 0, so a tax due below 0 is always overpaid; an employer's
number that has lost its digits is left out."""


def change_for(spec: SourceSpec, rule: Rule, day: date) -> Change | None:
    """The change, made from the spec; None for a rule between columns that fixtures must break."""
    if rule.kind == "fault":
        return {"faults": [rule.id]} | ({rule.columns[0]: None} if rule.columns else {})
    if f"{spec.name}/{rule.id}" in BETWEEN_COLUMNS:
        return BETWEEN_COLUMNS[f"{spec.name}/{rule.id}"]
    if "." not in rule.id:
        return None
    name, kind = rule.id.split(".")
    column = spec.column(name)
    if column.holds_id and kind == "check_digit":
        return {name: "0" * 64, f"{name}_check": "bad"}
    if column.holds_id and kind == "required":
        return dict.fromkeys(column.raw_columns)
    companions = COMPANIONS.get(f"{spec.name}/{name}", {})
    if kind in ("min", "max"):
        return companions | {name: _beyond(column.type, str(getattr(column, kind)), -1 if kind == "min" else 1)}
    values: Change = {
        "required": None,
        "max_length": "x" * ((column.max_length or 0) + 1),
        "code": "ZZ",
        "codes": "01;ZZ",
        "holds_id": "0" * 64,
        "date": "2009-02-29",
        "not_after_business_date": (day + timedelta(days=1)).isoformat(),
        "decimal": "1." + "1" * (column.scale + 1),
        "integer": f"{column.min or 2}.5",
        "regno": "12345",
        "check_digit": "520381600000016",
        "uscc": "91520381600000015A",
        "geography": "520381109",
        "industry": "6411",
    }
    return companions | {name: values[kind]} | ({"industrystd": "2002"} if kind == "industry" else {})


def _beyond(kind: str, bound: str, step: int) -> str:
    if kind == "date":
        return (date.fromisoformat(bound) + timedelta(days=step)).isoformat()
    return str(Decimal(bound) + step)
