"""The suite of a delivery: an expectation a rule, the engine's own where it has one, severity and owner in `meta`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.expect_measures_to_be_usual import ExpectMeasuresToBeUsual
from expectations.expect_rule_to_hold import ExpectRuleToHold
from expectations.expect_totals_to_agree import ExpectTotalsToAgree
from expectations.facts import DeliveryFacts
from expectations.rules import Rule
from expectations.usual import Usual
from ingest.spec import SourceSpec

_GRAVITY = {"refuse": "critical", "quarantine": "warning", "warn": "info"}


def suite_of(
    spec: SourceSpec, delivery: DeliveryFacts, rules: Sequence[Rule], counts_table: str, usual: Mapping[str, Usual]
) -> Any:
    """A `great_expectations.ExpectationSuite` that judges the delivery's partition; `meta["rule"]` names each rule.

    `counts_table` is `schema.table` as the scan leaves it; `usual` has the measures by rule. Belongs to no store: nothing of it
    outlives the run.
    """
    made = [_expectation(rule, spec, delivery, counts_table, usual) for rule in rules]
    return gx.ExpectationSuite(name=f"{spec.name}__d{delivery.delivery_id}", expectations=made)


def _expectation(rule: Rule, spec: SourceSpec, delivery: DeliveryFacts, counts_table: str, usual: Mapping[str, Usual]) -> Any:
    common: dict[str, Any] = {
        "severity": _GRAVITY[rule.severity],
        "meta": {
            "rule": rule.id,
            "severity": rule.severity,
            "owner": {"en": rule.owner_en, "zh": rule.owner_zh},
            "sentence": {"en": rule.sentence_en, "zh": rule.sentence_zh},
        },
    }
    if rule.id == "delivery.columns":
        agreed = ["row_id", "delivery_id", *spec.raw_columns, "faults"]
        return gxe.ExpectTableColumnsToMatchSet(column_set=agreed, exact_match=True, **common)
    if rule.id == "delivery.rows":
        return gxe.ExpectTableRowCountToEqual(value=delivery.rows, **common)
    if rule.id == "delivery.totals":
        return ExpectTotalsToAgree(differing=list(delivery.totals_differing), **common)
    if rule.kind == "usual":
        return ExpectMeasuresToBeUsual(observed=usual[rule.id].observed, bands=usual[rule.id].bands, **common)
    return ExpectRuleToHold(rule=rule.id, counts_table=counts_table, threshold=rule.threshold, **common)
