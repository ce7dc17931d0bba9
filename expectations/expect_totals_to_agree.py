"""The control totals: the load pass added them up; here it is judged whether any differed."""

from __future__ import annotations

from typing import Any, ClassVar

from expectations.kept import KeptExpectation


class ExpectTotalsToAgree(KeptExpectation):
    """Expect no control total to differ from what the load pass counted.

    Args:
        differing: names of the columns whose totals differ. The sums stay out: the sum of one row is its cell.
    """

    differing: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.row_count",)
    success_keys: ClassVar[tuple[str, ...]] = ("differing",)
    args_keys: ClassVar[tuple[str, ...]] = ("differing",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        return {"success": not self.differing, "result": {"observed_value": len(self.differing)}}
