"""Source specs: one strict yml per extract, from which tables, checks, DAGs and tests are made.

A spec says what a department promised (the text of `docs` and of the rulings), nothing about how it is loaded. Unknown keys are
errors. `load_spec(name)` reads one, `all_specs()` all of them; both read the disk every time, callers keep what they need.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from ingest.errors import SpecError
from ingest.rule_specs import BetweenRowsSpec, Name, ReferenceSpec, RuleSpec, Strict
from ingest.rule_specs import Texts as Texts

SOURCES = Path(__file__).parent / "sources"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's: every step of every source's night reads specs

ColumnType = Literal[
    "text",
    "code",
    "codes",
    "date",
    "decimal",
    "integer",
    "resident_id",
    "person_name",
    "taxpayer",
    "regno",
    "uscc",
    "geography",
    "industry",
]
ID_SUFFIXES = ("check", "birth_year", "sex", "region")
"""What stands behind a `resident_id` or `taxpayer` column in raw: `<name>_check` and so on, text, null without an id."""

MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class Household(Strict):
    """Rows whose `column` holds one of `codes` are households': their business name, in column `name`, is often the owner's."""

    column: Name
    codes: tuple[str, ...]
    name: Name


class ColumnSpec(Strict):
    """One delivered column.

    type            what the text must be when it is not blank:
                    `text` anything (`max_length` characters); `code` one of `list`/`codes`; `codes` several, joined by `;`;
                    `date` a real date (in raw `YYYY-MM-DD`); `decimal` at most `precision` digits, `scale` of them decimals;
                    `integer`; `regno` 15 digits, 13 digits or a number with NA (else quarantined; a wrong check digit of 15 is
                    warned of); `uscc` 18 characters with a right check digit (else quarantined); `geography` a code of the list
                    in force on the business date and of one of `levels`; `industry` 4 digits whose division exists in the
                    standard named by column `standard` (blank standard: not judged); `resident_id`, `person_name`, `taxpayer`
                    personal data, transformed before they reach the database, whose fault is `<name>.id` in `faults`.
    list            a list of `code_list.csv`; `list_attribute` keeps the codes with that attribute only (tax types of an office).
    min, max        inclusive bounds of a decimal, an integer or (ISO text) a date.
    default         what a blank means. Raw keeps the blank (null); staging applies it.
    masked_in       of a `person_name`: columns of the row in which the full name is masked too where it occurs.
    household       of a `person_name`: in which rows it names the owner of a household, and the column of the household's name.
    household_name  of a `text`: a business name without its owner's name at hand; see `ingest.pseudonym.mask_business_name`.
    """

    name: Name
    delivered: str
    title: Texts
    type: ColumnType = "text"
    required: bool = False
    max_length: int | None = None
    list: str | None = None
    list_attribute: str | None = None
    codes: tuple[str, ...] | None = None
    precision: int = 18
    scale: int = 2
    min: str | None = None
    max: str | None = None
    not_after_business_date: bool = False
    levels: tuple[Literal["town", "city"], ...] = ("town",)
    standard: Name | None = None
    default: str | None = None
    masked_in: tuple[Name, ...] = ()
    household: Household | None = None
    household_name: bool = False

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> ColumnSpec:
        if self.type in ("code", "codes") and (self.list is None) == (self.codes is None):
            raise ValueError(f"column {self.name}: a code column needs exactly one of list, codes")
        if self.type not in ("code", "codes") and (self.list or self.codes):
            raise ValueError(f"column {self.name}: list and codes belong to code columns")
        if (self.type == "industry") != (self.standard is not None):
            raise ValueError(f"column {self.name}: standard goes with type industry, and only with it")
        if self.not_after_business_date and self.type != "date":
            raise ValueError(f"column {self.name}: not_after_business_date belongs to dates")
        if (self.min or self.max) and self.type not in ("date", "decimal", "integer"):
            raise ValueError(f"column {self.name}: min and max belong to numbers and dates")
        if (self.masked_in or self.household) and self.type != "person_name":
            raise ValueError(f"column {self.name}: masked_in and household belong to a person_name")
        if self.household and self.household.name not in self.masked_in:
            raise ValueError(f"column {self.name}: the household's name is one of masked_in")
        return self

    @property
    def is_number(self) -> bool:
        """May be named in a manifest's totals."""
        return self.type in ("decimal", "integer")

    @property
    def holds_id(self) -> bool:
        """Has the four derived columns behind it in raw."""
        return self.type in ("resident_id", "taxpayer")

    @property
    def is_personal(self) -> bool:
        """Its delivered text may never leave the archived file."""
        return self.type in ("resident_id", "taxpayer", "person_name")

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The column names it has in raw, in order."""
        if self.holds_id:
            return (self.name, *(f"{self.name}_{suffix}" for suffix in ID_SUFFIXES))
        return (self.name,)


class WorkingDays(Strict):
    """A delivery for every working day."""

    kind: Literal["working_days"]


class QuarterEnd(Strict):
    """A delivery for the last day of every quarter."""

    kind: Literal["quarter_end"]


class Window(Strict):
    """One delivery a year with a business date from `from` to `to` (month-day, same year)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    kind: Literal["window"]
    start: MonthDay = Field(alias="from")
    end: MonthDay = Field(alias="to")


class Occasional(Strict):
    """Whenever it comes: nothing is promised."""

    kind: Literal["occasional"]


class SourceSpec(Strict):
    """One department extract; `department` is its folder in the inbox."""

    name: Name
    department: str
    provenance: Literal["real", "proposal"]
    owner: Texts
    title: Texts
    format: Literal["csv", "delimited", "xlsx", "dbf"]
    extension: str
    encoding: Literal["gb18030", "utf-8", "cp936"] | None = None
    delimiter: str = ","
    title_lines: int = 0
    trailer_total: Name | None = None
    kinds: tuple[Literal["full", "delta"], ...]
    full_replaces: Literal["everything", "same_first_key"] = "everything"
    key: tuple[Name, ...]
    calendar: WorkingDays | QuarterEnd | Window | Occasional = Field(discriminator="kind")
    columns: tuple[ColumnSpec, ...]
    rules: tuple[RuleSpec, ...] = ()
    between_rows: tuple[BetweenRowsSpec, ...] = ()
    references: tuple[ReferenceSpec, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> SourceSpec:
        names = [column.name for column in self.columns]
        known = {name for column in self.columns for name in column.raw_columns}
        for label, values in (("column", names), ("delivered", [c.delivered for c in self.columns])):
            if twice := {value for value in values if values.count(value) > 1}:
                raise ValueError(f"{label} twice: {', '.join(sorted(twice))}")
        mentioned = [*self.key, *([self.trailer_total] if self.trailer_total else [])]
        mentioned += [name for rule in self.rules for name in rule.columns]
        mentioned += [name for between in self.between_rows for name in between.columns]
        mentioned += [name for reference in self.references for name in (reference.column, reference.day)]
        mentioned += [name for column in self.columns for name in (*column.masked_in, *filter(None, [column.standard]))]
        mentioned += [column.household.column for column in self.columns if column.household]
        if missing := [name for name in mentioned if name not in known]:
            raise ValueError(f"no such column: {', '.join(missing)}")
        ids = [rule.id for rule in self.rules]
        ids += [between.id for between in self.between_rows] + [reference.id for reference in self.references]
        if len(ids) != len(set(ids)):
            raise ValueError("a rule id stands twice")
        if (self.format == "xlsx") != (self.encoding is None):
            raise ValueError("encoding: a workbook has none, every other format has one")
        return self

    def column(self, name: str) -> ColumnSpec:
        """The column with this warehouse name; KeyError without one."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Names of the spec's columns in raw, in order, the derived ones included (all text)."""
        return tuple(name for column in self.columns for name in column.raw_columns)

    @property
    def is_text(self) -> bool:
        """Is read as a stream of lines."""
        return self.format in ("csv", "delimited")

    @property
    def fixed_order(self) -> bool:
        """The file has no header: fields are found by position."""
        return self.format == "delimited"


def load_spec(name: str, folder: Path = SOURCES) -> SourceSpec:
    """Read `<folder>/<name>.yml`; a file that has not changed is read once in a process. Raises SpecError naming file and key."""
    path = folder / f"{name}.yml"
    try:
        found = path.stat()
    except FileNotFoundError:
        raise SpecError(f"{path.name}: there is no such source spec in {folder}") from None
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=100)
def _read(path: Path, _changed: int, _size: int) -> SourceSpec:
    name = path.stem
    try:
        spec = SourceSpec.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name}: not readable as yml: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc']) or '(whole)'}: {e['msg']}" for e in error.errors()]
        raise SpecError(f"{path.name}: " + "; ".join(lines)) from None
    if spec.name != name:
        raise SpecError(f"{path.name}: name: is {spec.name!r}, the file says {name!r}")
    for column in spec.columns:
        for bound in (column.min, column.max):
            if bound is not None and column.is_number:
                _number(bound, f"{path.name}: columns.{column.name}")
    return spec


def source_names(folder: Path = SOURCES) -> list[str]:
    """The names of all sources, in order, without reading their specs."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def all_specs(folder: Path = SOURCES) -> dict[str, SourceSpec]:
    """Every spec of the folder by name, in the order of the names."""
    return {name: load_spec(name, folder) for name in source_names(folder)}


def _number(text: str, where: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise SpecError(f"{where}: {text!r} is no number") from None
