"""The house's own expectation: a rule of the spec held for the rows, judged by what the scan counted.

Its metric reads the small table of counts, once for all rules of a delivery; no data row and no cell is fetched.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.kept import KeptExpectation

METRIC = "table.rule_counts"


class TableRuleCounts(TableMetricProvider):  # type: ignore[misc]  # the engine brings no types
    """`{rule: (checked, failed)}` of all rules of one scan, from the table that `counts_table` names (`schema.table`)."""

    metric_name = METRIC
    value_keys = ("counts_table",)

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # the engine calls it so
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, tuple[int, int]]:
        schema, _, name = metric_value_kwargs["counts_table"].partition(".")
        table = sa.table(name, sa.column("rule"), sa.column("checked"), sa.column("failed"), schema=schema)
        found = execution_engine.execute_query(sa.select(table.c.rule, table.c.checked, table.c.failed)).fetchall()
        return {rule: (int(checked), int(failed)) for rule, checked, failed in found}


class ExpectRuleToHold(KeptExpectation):
    """Expect at most the share `threshold` of the checked rows to break a rule.

    Args:
        rule: the rule's id.
        counts_table: `schema.table (rule, checked, failed)`, left by the scan of this batch.
        threshold: greatest share of failing rows that is right, 0 to 1.

    The result holds counts alone. A rule that was not scanned raises: it is our error, not the delivery's.
    """

    rule: str
    counts_table: str
    threshold: float = 0.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "counts_table", "threshold")
    args_keys: ClassVar[tuple[str, ...]] = ("rule", "counts_table", "threshold")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        checked, failed = metrics[METRIC][self.rule]
        share = failed / checked if checked else 0.0
        return {
            "success": share <= self.threshold,
            "result": {"element_count": checked, "unexpected_count": failed, "observed_value": failed},
        }
