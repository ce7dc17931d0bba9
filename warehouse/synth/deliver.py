"""Deliveries: routes rows to the night they arrive, writes files and, last, their manifests."""

import json
import pickle
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from warehouse.synth.clean import cleaned
from warehouse.synth.layout import DELTA, FULL, LAYOUTS, Layout
from warehouse.synth.places import REGION
from warehouse.synth.writers import Row, RowWriter, Written, open_writer, sha256

SPOOL_ROWS = 20_000


@dataclass(frozen=True)
class Night:
    """What arrives in the night after a business day; data files and manifests, manifests last."""

    business_date: date
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Refusal:
    """A delivery that is first delivered with a wrong control total, and again, right, in a later night."""

    source: str
    business_date: date
    column: str


class Spool:
    """Rows of one delta, kept in memory while few."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._file: IO[bytes] | None = None

    def add(self, row: Row) -> None:
        """Append a row."""
        self._rows.append(row)
        if len(self._rows) >= SPOOL_ROWS:
            # Unnamed temporary file: nothing is left behind when the run is killed.
            self._file = self._file or TemporaryFile()  # noqa: SIM115 - open for as long as the spool lives
            pickle.dump(self._rows, self._file)
            self._rows = []

    def __iter__(self) -> Iterator[Row]:
        if self._file is not None:
            end = self._file.tell()
            self._file.seek(0)
            while self._file.tell() < end:
                yield from pickle.load(self._file)
        yield from self._rows


class Deliveries:
    """All files of a run. The first night's are written while rows come, the deltas when all is known.

    `by_night`: files lie in `out/<night>/<department>/`, else in `out/<department>/`. `clean`: rows are without slips.
    """

    def __init__(
        self, out: Path, nights: list[date], by_night: bool, refusal: Refusal | None = None, clean: bool = False
    ) -> None:
        self._out, self._by_night, self._refusal, self._clean = out, by_night, refusal, clean
        self.nights = nights
        self._place = {night: place for place, night in enumerate(nights)}
        self._files: dict[date, list[Path]] = {night: [] for night in nights}
        self._full = {s: self._open(y, nights[0], nights[0]) for s, y in LAYOUTS.items()}
        self._delta = {(s, night): Spool() for s, y in LAYOUTS.items() if y.nightly for night in nights[1:]}

    def _path(self, layout: Layout, day: date, arrives: date) -> Path:
        name = f"{layout.source}_{REGION}_{day:%Y%m%d}_01.{layout.ext}"
        root = self._out / arrives.isoformat() if self._by_night else self._out
        return root / layout.department / name

    def _open(self, layout: Layout, day: date, arrives: date) -> RowWriter:
        return open_writer(self._path(layout, day, arrives), layout, REGION, day)

    def night_of(self, known: date) -> date | None:
        """The night in which something known on a day is delivered; None when it is after the last."""
        if known <= self.nights[0]:
            return self.nights[0]
        return self.nights[bisect_left(self.nights, known)] if known <= self.nights[-1] else None

    def put(self, source: str, known: date, row: Row) -> None:
        """Deliver a row that is known on a day (what is known after the last night is never delivered)."""
        night = self.night_of(known)
        row = cleaned(source, row) if self._clean else row
        if night == self.nights[0]:
            self._full[source].write(row)
        elif night is not None:
            self._delta[source, night].add(row)

    def close(self) -> list[Night]:
        """Finish all files."""
        for source, writer in self._full.items():
            self._finish(LAYOUTS[source], self.nights[0], self.nights[0], FULL, writer.close())
        for (source, night), spool in self._delta.items():
            arrives = night
            if self._refusal and (source, night) == (self._refusal.source, self._refusal.business_date):
                arrives = self._refuse(self._refusal, spool)
            written = self._write(LAYOUTS[source], night, arrives, spool)
            self._finish(LAYOUTS[source], night, arrives, DELTA, written)
        return [Night(night, tuple(dict.fromkeys(files))) for night, files in self._files.items()]

    def _write(self, layout: Layout, night: date, arrives: date, rows: Spool | list[Row]) -> Written:
        writer = self._open(layout, night, arrives)
        for row in rows:
            writer.write(row)
        return writer.close()

    def _refuse(self, refusal: Refusal, spool: Spool) -> date:
        """Write the spoilt delivery: one amount differs, the manifest has the sum of what should be there."""
        layout, place = LAYOUTS[refusal.source], LAYOUTS[refusal.source].columns.index(refusal.column)
        rows = [list(row) for row in spool]
        right = self._write(layout, refusal.business_date, refusal.business_date, [*rows])
        spoilt = next(row for row in rows if row[place] not in ("", "0.00"))
        spoilt[place] = "0.00"
        wrong = self._write(layout, refusal.business_date, refusal.business_date, [*rows])
        self._finish(layout, refusal.business_date, refusal.business_date, DELTA, replace(wrong, totals=right.totals))
        return self.nights[self._place[refusal.business_date] + 1]

    def _finish(self, layout: Layout, day: date, arrives: date, kind: str, written: Written) -> None:
        manifest = {
            "source": layout.source,
            "region": REGION,
            "business_date": day.isoformat(),
            "sequence": 1,
            "kind": kind,
            "rows": written.rows,
            "sha256": sha256(written.path),
            "totals": written.totals,
            "department": layout.department,
        }
        beside = written.path.with_suffix(".manifest.json")
        beside.write_text(json.dumps(manifest, ensure_ascii=False) + "\n", encoding="utf-8")
        self._files[arrives] += [written.path, beside]
