"""Counts judged by Great Expectations, whatever they were counted of: a rule is broken when anything failed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from expectations.errors import ENGINE, CheckError


@dataclass(frozen=True)
class Counted:
    """What one rule came to."""

    rule: str
    checked: int
    failed: int
    passed: bool


def judge_counts(conninfo: str, schema: str, table: str, rules: Iterable[str]) -> list[Counted]:
    """Judge the rules by `<schema>.<table> (rule, checked, failed)`, a row for each. Raises CheckError when a check raised."""
    import great_expectations as gx
    from great_expectations.validator.v1_validator import Validator

    from expectations.checkpoint import exceptions
    from expectations.engine import batch_definition, data_source
    from expectations.expect_rule_to_hold import ExpectRuleToHold

    name = f"{schema}.{table}"
    suite = gx.ExpectationSuite(
        name=name, expectations=[ExpectRuleToHold(rule=rule, counts_table=name, meta={"rule": rule}) for rule in rules]
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the engine's own use of its libraries
            with data_source(conninfo, name) as source, batch_definition(source, schema, table) as batch:
                outcome = Validator(batch, result_format="BASIC").validate_expectation_suite(suite)
    except Exception as error:
        kind = type(error).__name__
        raise CheckError(f"{name}: the engine failed with {kind}", {ENGINE: kind}) from None
    raised = {one.expectation_config.meta["rule"]: exceptions(one.exception_info) for one in outcome.results}
    if broken := {rule: ", ".join(sorted(kinds)) for rule, kinds in raised.items() if kinds}:
        raise CheckError(f"{name}: checking {', '.join(sorted(broken))} raised", broken)
    return [
        Counted(
            one.expectation_config.meta["rule"],
            int(one.result["element_count"]),
            int(one.result["unexpected_count"]),
            bool(one.success),
        )
        for one in outcome.results
    ]
