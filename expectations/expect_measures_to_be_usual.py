"""The house's own expectation: measures of a delivery lie within the range that accepted deliveries have taught."""

from __future__ import annotations

from typing import Any, ClassVar

from expectations.kept import KeptExpectation


class ExpectMeasuresToBeUsual(KeptExpectation):
    """Expect every measure to lie within its band, ends included.

    Args:
        observed: value by measure, as one pass over the batch counted it (names are the spec's columns and agreed codes).
        bands: `[lower, upper]` by measure; one without a band is not judged.

    The result holds how many were judged and how many lie outside, and of the one farthest out name, value and band.
    """

    observed: dict[str, float]
    bands: dict[str, list[float]]

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.row_count",)
    success_keys: ClassVar[tuple[str, ...]] = ("observed", "bands")
    args_keys: ClassVar[tuple[str, ...]] = ("observed", "bands")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        judged = [(name, self.observed[name], band[0], band[1]) for name, band in self.bands.items() if name in self.observed]
        far = [_distance(value, lower, upper) for _, value, lower, upper in judged]
        outside = sum(not lower <= value <= upper for _, value, lower, upper in judged)
        result: dict[str, Any] = {"element_count": len(judged), "unexpected_count": outside, "observed_value": outside}
        if judged:
            name, value, lower, upper = judged[far.index(max(far))]
            result["details"] = {"detail": name, "observed": value, "lower": lower, "upper": upper}
        return {"success": outside == 0, "result": result}


def _distance(value: float, lower: float, upper: float) -> float:
    """How far from the middle of the band, 1 being its edge."""
    half = (upper - lower) / 2
    away = abs(value - (lower + upper) / 2)
    return away / half if half else (float("inf") if away else 0.0)
