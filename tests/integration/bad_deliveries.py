"""Deliveries as they go wrong, each with what must become of it: `CASES` by name, which `bad_texts`, `bad_contents` and
`bad_other_formats` fill."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ingest.spec import SourceSpec, all_specs
from tests.extracts import REGION, Rows, cells, fixture_rows, write_data, write_extract, write_manifest

SPECS = all_specs()
FIRST = date(2011, 1, 1)


@dataclass(frozen=True)
class Ending:
    """What the ledger must say. `reason` is how the reason begins (rule and place); `rules` the rules that rows went aside for;
    `warned` rules of check_result that failed as warnings."""

    status: str
    reason: str = ""
    rows: tuple[int, int] | None = None
    rules: frozenset[str] = frozenset()
    warned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    source: str
    make: Callable[[Delivery], None]
    ending: Ending


@dataclass
class Delivery:
    """One delivery that is being made: its rows are the source's good ones."""

    inbox: Path
    source: str
    day: date
    rows: Rows = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = fixture_rows(self.source, "good")[:3]

    @property
    def spec(self) -> SourceSpec:
        return SPECS[self.source]

    @property
    def path(self) -> Path:
        name = f"{self.source}_{REGION}_{self.day:%Y%m%d}_01.{self.spec.extension}"
        return self.inbox / self.spec.department / name

    def write(self, kind: str | None = None, totals: dict[str, str] | None = None, **changed: Any) -> bytes:
        """Data file and manifest; the data file's bytes."""
        kind = kind or ("full" if "delta" not in self.spec.kinds else "delta")
        write_extract(self.spec, self.rows, self.inbox, self.day, kind=kind, totals=totals, changed=changed)
        return self.path.read_bytes()

    def rewrite(self, content: bytes, rows: int | None = None, **changed: Any) -> None:
        """Other bytes in the data file, and a manifest that agrees with them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(content)
        kind = "full" if "delta" not in self.spec.kinds else "delta"
        write_manifest(self.spec, self.path, self.day, 1, kind, len(self.rows) if rows is None else rows, {}, changed)

    def zip_it(self, content: bytes, ending: str, member: str | None = None) -> None:
        """The data file as a zip instead."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as container:
            container.writestr(member or self.path.name, content)
        self.rewrite(packed.getvalue())
        stem = self.path.name.removesuffix(f".{self.spec.extension}")
        self.path.rename(self.path.with_name(f"{stem}{ending}"))


CASES: dict[str, Case] = {}
OK_REG = Ending("accepted", rows=(3, 0))


def case(source: str, ending: Ending) -> Callable[[Callable[[Delivery], None]], Callable[[Delivery], None]]:
    def take(make: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        CASES[make.__name__] = Case(source, make, ending)
        return make

    return take


def refused(reason: str) -> Ending:
    return Ending("refused", reason)


def aside(accepted: int, quarantined: int, *rules: str) -> Ending:
    return Ending("accepted", rows=(accepted, quarantined), rules=frozenset(rules))


def warned(accepted: int, *rules: str) -> Ending:
    return Ending("accepted", rows=(accepted, 0), warned=frozenset(rules))


def day_of(name: str) -> date:
    """Each case has a business day of its own."""
    return FIRST + timedelta(days=list(CASES).index(name))


def write_all(inbox: Path) -> dict[str, str]:
    """Write every case into the inbox; name of the case → name of its data file."""
    names = {}
    for name, one in CASES.items():
        delivery = Delivery(inbox, one.source, day_of(name))
        folder = delivery.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.iterdir())
        one.make(delivery)
        made = sorted(path.name for path in set(folder.iterdir()) - before)
        data = [found for found in made if not found.endswith(".manifest.json")]
        names[name] = data[0] if data else made[0].replace(".manifest.json", f".{delivery.spec.extension}")
    return names


def write_good(inbox: Path, day: date) -> dict[str, int]:
    """A good delivery of every source; source → rows."""
    for spec in SPECS.values():
        write_extract(spec, fixture_rows(spec.name, "good"), inbox, day, kind="full")
    return {name: len(fixture_rows(name, "good")) for name in SPECS}


def overwrite(inbox: Path, name: str) -> None:
    """Other bytes under the name of a case that was accepted."""
    delivery = Delivery(inbox, CASES[name].source, day_of(name))
    delivery.rows = delivery.rows[:1]
    write_data(delivery.spec, cells(delivery.spec, delivery.rows), delivery.path, delivery.day)
    delivery.rewrite(delivery.path.read_bytes())
