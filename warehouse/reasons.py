"""What people are told of a refusal or of a failing row, in their language.

The ledger keeps `<rule> at <place>: <detail>` (several joined by `; `); the sentence for a rule is in
the catalogue (`refusal.<rule>`) or, for rules on rows, made from the source's spec (`expectations.rules_of`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from warehouse.rules import rules_on
from warehouse.texts import catalogue, t

if TYPE_CHECKING:
    from ingest.spec import SourceSpec

_REASON = re.compile(r"(?P<rule>[a-z_]+(?:\.[a-z_]+)+)(?: at (?P<place>.+?)(?=: |$))?")
# What a rule's name says of the value that broke it, without the value.
_VALUE_CLASS = {
    "required": "blank", "max_length": "too_long", "too_long": "too_long", "code": "not_in_list", "codes": "not_in_list",
    "date": "no_date", "not_after_business_date": "later", "decimal": "no_number", "integer": "no_number", "id": "no_id",
    "digits_lost": "digits_lost", "regno": "no_number_of_the_kind", "uscc": "no_number_of_the_kind",
    "geography": "not_in_list", "industry": "not_in_list", "min": "out_of_bounds", "max": "out_of_bounds",
    "field_count": "field_count", "nul": "control_character", "no_result": "no_result",
}  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """Why a row failed: rule id, the department's own column names, the kind of value that stood there, and the sentence."""

    rule: str
    columns: tuple[str, ...]
    value_class: str
    sentence: str


def refusal(reason: str | None, lang: str) -> str:
    """A delivery's reason for people: sentence and place; a reason without a rule of the catalogue as it stands."""
    if not reason:
        return ""
    said = []
    for part in reason.split("; "):
        found = _REASON.match(part)
        key = f"refusal.{found['rule']}" if found else ""
        if not found or key not in catalogue():
            return reason
        place = t("refusal.place", lang, place=found["place"]) if found["place"] else ""
        said.append(t(key, lang) + place)
    return t("refusal.and", lang).join(said)


def of_row(spec: "SourceSpec", rules: Iterable[str], business_date: date, region: str, lang: str) -> list[Reason]:
    """The reasons of a row that failed these rules, in the rules' order."""
    known = {rule.id: rule for rule in rules_on(spec.name, business_date, region)}
    found = []
    for rule_id in rules:
        rule = known.get(rule_id)
        names = tuple(spec.column(name).delivered for name in (rule.columns if rule else ()) if _has(spec, name))
        kind = _VALUE_CLASS.get(rule_id.rpartition(".")[2], "contradiction" if len(names) > 1 else "not_as_agreed")
        sentence = (rule.sentence_zh if lang == "zh" else rule.sentence_en) if rule else rule_id
        found.append(Reason(rule_id, names, t(f"value_class.{kind}", lang), sentence))
    return found


def _has(spec: "SourceSpec", name: str) -> bool:
    return any(column.name == name for column in spec.columns)
