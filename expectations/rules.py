"""Every rule of a source, made from its spec: what is checked, how grave it is, and what the department is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from expectations.across import NO_GAP, promises_days
from expectations.keys import KEY_REPEATED, KEYS_KEPT, VANISHING
from expectations.predicates import Lists, Place, Severity, column_rules, literal
from expectations.sentences import SENTENCES
from expectations.usual import measures_of
from ingest.mangled import keeps_digits
from ingest.spec import SourceSpec

Kind = Literal["row", "fault", "key", "delivery", "across", "usual"]
UNSPLIT = "row.field_count"
"""A row whose fields could not be told apart: nothing else is asked of it."""
_TEXT_FAULTS = (UNSPLIT, "row.nul", "row.too_long")
READING_FAULTS = {
    "csv": _TEXT_FAULTS,
    "delimited": _TEXT_FAULTS,
    "xlsx": (*_TEXT_FAULTS, "row.no_result"),
    "dbf": ("row.nul",),  # its fields have their places, and are not long
}
"""What reading may find in a row, by format."""


@dataclass(frozen=True)
class Rule:
    """One rule. `sql` of a `row` rule is TRUE for a failing row and FALSE or NULL for any other (raw's functions never raise).

    kind       row: judged by `sql`; fault: found while reading and kept in `faults`; key: over rows; delivery: on the whole;
               across: between rows, against another source or what came before; usual: against what history has taught.
    threshold  share that may fail.
    """

    id: str
    severity: Severity
    columns: tuple[str, ...]
    sql: str | None
    sentence_en: str
    sentence_zh: str
    owner_en: str
    owner_zh: str
    kind: Kind = "row"
    threshold: float = 0.0

    @property
    def column_name(self) -> str | None:
        """The columns as `ledger.check_result` has them."""
        return ",".join(self.columns) or None


def rules_of(spec: SourceSpec, day: date, region: str, lists: Lists | None = None) -> tuple[Rule, ...]:
    """All rules for a delivery of that business date and region (the geography in force depends on them), in a stable order.

    `lists` are the code lists; the seeds' by default. Raises SpecError for a list that is not there.
    """
    return (
        *_delivery_rules(spec),
        *(_general(spec, fault, "quarantine", (), "fault") for fault in READING_FAULTS[spec.format]),
        *_column_rules(spec, day, region, lists or Lists.from_seeds()),
        *_between_columns(spec, day),
        _general(spec, KEY_REPEATED, "warn", spec.key, "key"),
        *_across(spec),
        *_usual(spec, Place(region, day, lists or Lists.from_seeds())),
    )


def _delivery_rules(spec: SourceSpec) -> Iterator[Rule]:
    for name in ("delivery.columns", "delivery.rows", "delivery.totals"):
        yield _general(spec, name, "refuse", (), "delivery")


def _column_rules(spec: SourceSpec, day: date, region: str, lists: Lists) -> Iterator[Rule]:
    for column in spec.columns:
        for found in column_rules(column, Place(region, day, lists), keeps_digits(spec, column), column.name in spec.key):
            words = SENTENCES[found.sentence]
            values_en = {"title": column.title.en, **found.values}
            values_zh = {"title": column.title.zh, **found.values}
            yield Rule(
                f"{column.name}.{found.name}",
                found.severity,
                (column.name, *found.beside),
                found.sql,
                words.en.format(**values_en),
                words.zh.format(**values_zh),
                spec.owner.en,
                spec.owner.zh,
                "fault" if found.sql is None else "row",
            )


def _between_columns(spec: SourceSpec, day: date) -> Iterator[Rule]:
    for rule in spec.rules:
        yield Rule(
            rule.id,
            rule.severity,
            rule.columns,
            rule.violation(f"date {literal(day.isoformat())}"),
            rule.sentence.en,
            rule.sentence.zh,
            spec.owner.en,
            spec.owner.zh,
        )


def _across(spec: SourceSpec) -> Iterator[Rule]:
    owner = (spec.owner.en, spec.owner.zh)
    for rule in spec.between_rows:
        yield Rule(rule.id, "warn", rule.columns, None, rule.sentence.en, rule.sentence.zh, *owner, "across")
    for one in spec.references:
        yield Rule(one.id, "warn", (one.column,), None, one.sentence.en, one.sentence.zh, *owner, "across", one.tolerance)
    yield replace(_general(spec, KEYS_KEPT, "warn", spec.key, "across"), threshold=VANISHING)
    if promises_days(spec):
        yield _general(spec, NO_GAP, "warn", (), "across")


def _usual(spec: SourceSpec, place: Place) -> Iterator[Rule]:
    for name in dict.fromkeys(one.rule for one in measures_of(spec, place)):
        of, _, kind = name.partition(".")
        if of == "delivery":
            yield _general(spec, name, "warn", (), "usual")
            continue
        words, title = SENTENCES[kind], spec.column(of).title
        said = (words.en.format(title=title.en), words.zh.format(title=title.zh))
        yield Rule(name, "warn", (of,), None, *said, spec.owner.en, spec.owner.zh, "usual")


def _general(spec: SourceSpec, name: str, severity: Severity, columns: tuple[str, ...], kind: Kind) -> Rule:
    words = SENTENCES[name]
    values = {
        "key_en": ", ".join(spec.column(part).title.en for part in spec.key),
        "key_zh": "、".join(spec.column(part).title.zh for part in spec.key),
    }
    return Rule(
        name,
        severity,
        columns,
        None,
        words.en.format(**values),
        words.zh.format(**values),
        spec.owner.en,
        spec.owner.zh,
        kind,
    )
