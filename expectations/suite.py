"""The suite of a delivery: an expectation a rule, the engine's own where it has one, severity and owner in `meta`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe

from expectations.expect_rule_to_hold import ExpectRuleToHold
from expectations.expect_totals_to_agree import ExpectTotalsToAgree
from expectations.facts import DeliveryFacts
from expectations.rules import Rule
from ingest.spec import SourceSpec

_GRAVITY = {"refuse": "critical", "quarantine": "warning", "warn": "info"}


def suite_of(spec: SourceSpec, delivery: DeliveryFacts, rules: Sequence[Rule], counts_table: str) -> Any:
    """A `great_expectations.ExpectationSuite` that judges the delivery's partition; `meta["rule"]` names each rule.

    `counts_table` is `schema.table` as the scan leaves it. Belongs to no store: nothing of it outlives the run.
    """
    made = [_expectation(rule, spec, delivery, counts_table) for rule in rules]
    return gx.ExpectationSuite(name=f"{spec.name}__d{delivery.delivery_id}", expectations=made)


def _expectation(rule: Rule, spec: SourceSpec, delivery: DeliveryFacts, counts_table: str) -> Any:
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
    return ExpectRuleToHold(rule=rule.id, counts_table=counts_table, **common)
