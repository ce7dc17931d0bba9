"""The indicators' definitions: `dbt_project/models/indicators/*.yml`, read strictly.

dbt reads the same files (macros/formula.sql); here they serve the command line: trace, catalogue, tests.
"""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from warehouse.errors import BureauError
from warehouse.settings import PROJECT

FOLDER = PROJECT / "dbt_project" / "models" / "indicators"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Breakdown = Literal["sector", "industry", "founder_group", "sex", "age_band"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Texts(_Strict):
    """One text in both languages."""

    zh: str
    en: str


class Part(_Strict):
    """Numerator or denominator: signed accounts, summed over the period (flow, survey) or up to its end (stock).

    accumulation   opening_stock: up to the close of the day before the period.
    sector         only postings of this sector, or of these.
    lag_years      a flow of so many years before: of a cohort, in the year of its anniversary.
    undivided      a figure of the population: the breakdowns that use the whole geography's sum; the others have none. Each
                   account has a sister `<account>.known` that tells a delivered 0 from none. Absent: divided like the numerator.
    """

    accumulation: Literal["flow", "stock", "opening_stock", "survey"]
    accounts: dict[str, int]
    sector: tuple[str, ...] = ()
    lag_years: int = 0
    undivided: tuple[str, ...] | None = None

    @field_validator("sector", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given


class Indicator(_Strict):
    """One indicator and method version; `value` = numerator (over denominator) times `scale`.

    units              the part that is a count of distinct units and so is the figure's `unit_count`; both: the units of
                       the parts are never the same, so their counts add up; absent: they are counted over both.
    standard_error     of a ratio of the survey, by Taylor linearisation.
    caveat             what a reader of the figure has to know besides.
    final_after_years  later years decide as well: provisional until the end of the n-th year after the period.
    """

    indicator: str
    method_version: str
    name: Texts
    unit: Texts
    periods: tuple[Literal["M", "Q", "Y"], ...]
    breakdowns: tuple[Breakdown, ...]
    sectors: tuple[str, ...] = ()
    needs: tuple[str, ...]
    scale: Decimal
    units: Literal["numerator", "denominator", "both"] | None = None
    numerator: Part
    denominator: Part | None = None
    standard_error: bool = False
    definition: Texts
    meaning: Texts
    source_of_definition: Texts
    own_reading: bool
    caveat: Texts | None = None
    final_after_years: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Indicator":
        survey = all(part is not None and part.accumulation == "survey" for part in (self.numerator, self.denominator))
        if self.standard_error != survey:
            raise ValueError("standard_error is for ratios whose two parts are of the survey, and they need it")
        lagged = [part for part in (self.numerator, self.denominator) if part is not None and part.lag_years]
        if lagged and (self.periods != ("Y",) or self.units is None or any(part.accumulation != "flow" for part in lagged)):
            raise ValueError("lag_years is for yearly flows whose units a part counts")
        return self


def load_indicators() -> dict[str, Indicator]:
    """All indicators by id; files that have not changed are read once in a process.

    Raises BureauError("indicator.bad_yml") with the file and the key that is wrong.
    """
    return dict(_all(tuple((path, path.stat().st_mtime_ns) for path in sorted(FOLDER.glob("*.yml")))))


@lru_cache(maxsize=2)
def _all(files: tuple[tuple[Path, int], ...]) -> dict[str, Indicator]:
    found: dict[str, Indicator] = {}
    for path, _ in files:
        # the compiled loader where there is one: every command that names an indicator waits for this
        for exposure in yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER).get("exposures", []):
            indicator = _read(path, exposure["config"]["meta"])
            found[indicator.indicator] = indicator
    return found


def load_indicator(name: str) -> Indicator:
    """One indicator. Raises BureauError("indicator.unknown") that names those there are."""
    known = load_indicators()
    if name not in known:
        raise BureauError("indicator.unknown", name=name, known=", ".join(sorted(known)))
    return known[name]


def _read(path: Path, meta: dict[str, Any]) -> Indicator:
    try:
        return Indicator.model_validate(meta)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BureauError("indicator.bad_yml", file=path.name, place=place, reason=first["msg"]) from error
