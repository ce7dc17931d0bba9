"""The rules that a source spec writes down itself: between columns, between rows, and against another source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Strict(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Texts(Strict):
    """One text in both languages."""

    zh: str
    en: str


class RuleSpec(Strict):
    """A rule between the columns of one row.

    `predicate` is SQL over the raw (text) columns; the row breaks the rule when it is FALSE. NULL is right, so blanks need no
    care. `{business_date}` stands for the delivery's date; use `violation(...)` to get the condition. `raw.as_date(text)` and
    `raw.as_decimal(text)` are NULL for text that is no date or number, `raw.amount(text)` likewise but 0 for a blank: a
    predicate never raises (`ingest/functions.sql`).
    """

    id: Name
    severity: Literal["quarantine", "warn"] = "quarantine"
    columns: tuple[Name, ...]
    predicate: str
    sentence: Texts

    def violation(self, business_date: str) -> str:
        """The SQL condition of a broken row; `business_date` is an SQL expression of type date (a literal or a parameter)."""
        return f"(({self.predicate.format(business_date=business_date)}) is false)"


class BetweenRowsSpec(Strict):
    """A rule between rows: a finding for the department, the rows are kept (ruling 10).

    `per` names the columns, or SQL of them, that make a group; a blank is a value. Asked of every group in which the delivery has
    a row for which `only` holds (all, when left out), over the rows that stand with it: the latest of each key among what was
    accepted and the rows of the delivery that are not put aside. `predicate` is SQL of aggregates over the group's rows for
    which `only` holds; the group breaks the rule when it is FALSE.
    """

    id: Name
    columns: tuple[Name, ...]
    per: tuple[str, ...]
    only: str = "true"
    predicate: str
    sentence: Texts


class ReferenceSpec(Strict):
    """`column` holds numbers that another source knows: a finding for the department, the rows are kept.

    source, to  the other source and its column, in any of its accepted rows. Not judged while it has none.
    day         a row is asked when its date in this column is at least 30 days before the business date; one of a delta that is
                younger, with the first delivery after it of which that is true, unless its key was said again: extracts of one
                day are judged in any order, and a new number has time to come.
    tolerance   share of the rows asked that may be unknown.
    """

    id: Name
    column: Name
    source: Name
    to: Name
    day: Name
    tolerance: float = Field(default=0.0, ge=0, le=1)
    sentence: Texts
