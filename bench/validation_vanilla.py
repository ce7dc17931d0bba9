"""The rules of a source as somebody would write them with Great Expectations alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial

from expectations.predicates import Lists
from expectations.rules import Rule
from ingest.codes import allowed_codes
from ingest.spec import SourceSpec


class ColumnValuesKeepRule(ColumnMapMetricProvider):  # type: ignore[misc]  # the engine brings no types
    """Whether a row keeps a rule that is written in SQL."""

    condition_metric_name = "column_values.keep_rule"
    condition_value_keys = ("violation",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(cls, column: Any, violation: str, **kwargs: Any) -> Any:
        return sa.not_(sa.func.coalesce(sa.literal_column(f"({violation})"), sa.false()))


class ExpectColumnValuesToKeepRule(ColumnMapExpectation):  # type: ignore[misc]
    """Expect no row for which `violation` is TRUE."""

    violation: str
    map_metric: ClassVar[str] = "column_values.keep_rule"
    success_keys: ClassVar[tuple[str, ...]] = ("violation", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "violation")


def suite_of(spec: SourceSpec, rules: Sequence[Rule], rows: int, only_own: bool) -> Any:
    """An expectation a rule on rows, faults and keys; those of the engine itself only, if asked so."""
    made = list(_own(spec, rules, rows))
    if not only_own:
        made += [
            ExpectColumnValuesToKeepRule(column="row_id", violation=_sql(rule))
            for rule in rules
            if rule.kind in ("row", "fault") and not _is_own(rule)
        ]
    return gx.ExpectationSuite(name="vanilla", expectations=made)


def _is_own(rule: Rule) -> bool:
    """Whether the engine has the same by itself: not where a fault or a pseudonym makes an exception."""
    excepted = "faults" in (rule.sql or "") or "[0-9a-f]{64}" in (rule.sql or "")
    return not excepted and rule.id.endswith((".required", ".max_length", ".code", ".codes"))


def _sql(rule: Rule) -> str:
    return rule.sql or f"'{rule.id}' = any(faults)"


def _own(spec: SourceSpec, rules: Sequence[Rule], rows: int) -> Iterator[Any]:
    lists = Lists.from_seeds().codes
    yield gxe.ExpectTableRowCountToEqual(value=rows)
    yield gxe.ExpectTableColumnsToMatchSet(column_set=["row_id", "delivery_id", *spec.raw_columns, "faults"])
    yield gxe.ExpectColumnValuesToBeUnique(column=spec.key[0])
    for rule in filter(_is_own, rules):
        name, kind = rule.id.split(".")
        column = spec.column(name)
        if kind == "required":
            yield gxe.ExpectColumnValuesToNotBeNull(column=name)
        elif kind == "code":
            yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(allowed_codes(column, lists)))
        elif kind == "codes":
            one = "|".join(allowed_codes(column, lists))
            yield gxe.ExpectColumnValuesToMatchRegex(column=name, regex=f"^({one})(;({one}))*$")
        else:
            yield gxe.ExpectColumnValueLengthsToBeBetween(column=name, max_value=column.max_length)
