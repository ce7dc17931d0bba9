"""From figures to rows: the traced weights add up, and every row_id leads to the line that it came from."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.spec import all_specs, load_spec
from tests.integration.files import count_rows, record_at
from tests.integration.nights import City, rows
from warehouse.settings import PROJECT, Settings
from warehouse.trace import Side, SourceRow, Trace, trace

pytestmark = pytest.mark.integration
COUNT = 50


@pytest.fixture(scope="module")
def settings(city: City) -> Settings:
    return city.after(4)


@pytest.fixture(scope="module")
def traced(settings: Settings) -> list[Trace]:
    """Every indicator and breakdown, at random periods, places and members; mostly figures that have units."""
    found = rows(
        settings,
        "select indicator, breakdown_type, period, geography, breakdown, unit_count > 0 "
        "from mart.indicator_values order by 1, 2, 3, 4, 5",
    )
    by_kind: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in found:
        if row[5]:
            by_kind.setdefault(row[:2], []).append(row)
    draw = random.Random(50)
    chosen = [draw.choice(choices) for choices in by_kind.values()]
    chosen += draw.sample([row for row in found if not row[5]], 4)
    assert len(chosen) >= COUNT and {row[0] for row in chosen} >= {row[0] for row in found if row[5]}
    return [trace(settings, row[0], row[2], geography=row[3], breakdown=f"{row[1]}={row[4]}", limit=None) for row in chosen]


def sides(one: Trace) -> list[Side]:
    return [one.numerator, *([] if one.denominator is None else [one.denominator])]


def test_traced_weights_add_up_to_the_figure(traced: list[Trace]) -> None:
    for one in traced:
        for side, published in zip(sides(one), (one.figure.numerator, one.figure.denominator), strict=False):
            assert sum((unit.weight for unit in side.units), Decimal(0)) == side.sum == (published or 0), one.figure
            assert all(unit.weight for unit in side.units) and side.next is None
            assert len(side.units) == side.unit_count == len({(unit.unit_type, unit.unit_id) for unit in side.units})


def test_units_are_as_many_as_the_figure_says(traced: list[Trace]) -> None:
    """Distinct units with a contribution of their own to either side; counts of the population are no units (ruling 32)."""
    for one in traced:
        units = {(unit.unit_type, unit.unit_id) for side in sides(one) for unit in side.units}
        assert len([unit for unit in units if unit[0] != "population"]) == one.figure.unit_count, one.figure


def test_every_row_is_the_line_in_the_archived_file(traced: list[Trace], settings: Settings) -> None:
    found: dict[int, tuple[SourceRow, str, str]] = {}
    for one in traced:
        for side in sides(one):
            for unit in side.units:
                assert unit.source_rows, "every unit has rows"
                assert tuple(row.row_id for row in unit.source_rows) == unit.row_ids
                found.update({row.row_id: (row, unit.unit_type, unit.unit_id) for row in unit.source_rows})
    assert {row.source for row, *_ in found.values()} == set(all_specs()) - {"registry_export"}  # that one fills no register here
    for source in {row.source for row, *_ in found.values()}:
        _compare(settings, source, [one for one in found.values() if one[0].source == source])


def _compare(settings: Settings, source: str, found: list[tuple[SourceRow, str, str]]) -> None:
    """The key of the line in the file, of the row in raw, and of the unit."""
    spec = load_spec(source)
    columns = [column for column in spec.columns if column.name in spec.key]
    stored = {
        row_id: key
        for row_id, *key in rows(
            settings,
            f"select row_id, {', '.join(column.name for column in columns)} from raw.{source} where row_id = any(%s)",
            [[row.row_id for row, *_ in found]],
        )
    }
    for row, unit_type, unit_id in found:
        assert row.line is not None
        if spec.format != "csv":
            continue  # workbooks and DBF have records, no lines: tests of `row_places` read them
        path = settings.archive / row.sha256[:2] / row.sha256
        record = record_at(path, row.line)
        key = [record[column.delivered].replace("-", "") for column in columns]
        assert key == [str(cell or "").replace("-", "") for cell in stored[row.row_id]], row
        # a row may also be the evidence of another unit: a voucher or a spell, of an entity
        if (source, unit_type) in (("registrations", "entity"), ("survey", "respondent"), ("population", "population")):
            assert key == unit_id.split("/")


def test_archived_files_are_those_delivered(settings: Settings, city: City, tmp_path: Path) -> None:
    inbox = city.inbox(4, tmp_path)
    known = rows(settings, "select file_name, sha256, status from ledger.delivery where status in ('accepted', 'refused')")
    assert len(known) == len(list(inbox.rglob("*.manifest.json"))) + 1, "one was refused and came again"
    for file_name, sha256, status in known:
        content = (settings.archive / sha256[:2] / sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
        if status == "accepted":
            assert next(inbox.rglob(file_name)).read_bytes() == content


def test_rows_in_the_file_are_accepted_or_quarantined(settings: Settings) -> None:
    accepted = rows(
        settings,
        "select source, file_name, sha256, delivery_id, rows_in_file, rows_accepted, rows_quarantined from ledger.delivery "
        "where status = 'accepted'",
    )
    quarantined = 0
    for source, file_name, sha256, delivery_id, in_file, good, bad in accepted:
        counted = count_rows((settings.archive / sha256[:2] / sha256).read_bytes(), file_name.rpartition(".")[2])
        stored = [
            rows(settings, f"select count(*) from {schema}.{source} where delivery_id = %s", [delivery_id])[0][0]
            for schema in ("raw", "quarantine")
        ]
        assert counted == in_file == good + bad and stored == [good, bad], file_name
        quarantined += bad
    assert len(accepted) > 15 and quarantined == 9, "the demonstration's faults are there"


SHAPE = {
    "figure": {
        "indicator", "method_version", "period", "geography", "breakdown_type", "breakdown", "value", "numerator",
        "denominator", "unit_count", "build_id",
    },
    "side": {"sum", "units", "next"},
    "unit": {"unit_type", "unit_id", "weight", "attributes", "source_rows"},
    "row": {"row_id", "source", "file_name", "sha256", "line"},
}  # fmt: skip


def _ask(settings: Settings, *words: str) -> dict[str, Any]:
    assert settings.database_url is not None
    environment = {
        **os.environ,
        "BUREAU_HOME": str(settings.home),
        "BUREAU_DATABASE_URL": settings.database_url.get_secret_value(),
        "BUREAU_PSEUDONYM_KEY_FILE": str(settings.pseudonym_key_file),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUTF8": "1",
    }
    command = [sys.executable, "-m", "warehouse", "trace", *words, "--format", "json"]
    result = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_command_prints_the_shape_that_others_rely_on(settings: Settings) -> None:
    whole = _ask(settings, "SURV_LEGAL_1", "--period", "2010", "--breakdown", "sector=individual", "--all")
    assert set(whole) == {"figure", "numerator", "denominator"}
    assert set(whole["figure"]) == SHAPE["figure"]
    for name in ("numerator", "denominator"):
        side = whole[name]
        assert set(side) == SHAPE["side"] and side["next"] is None
        assert isinstance(side["sum"], str) and side["sum"] == whole["figure"][name]
        assert sum(Decimal(unit["weight"]) for unit in side["units"]) == Decimal(side["sum"])
        for unit in side["units"]:
            assert set(unit) == SHAPE["unit"] and isinstance(unit["weight"], str) and isinstance(unit["attributes"], dict)
            assert all(set(row) == SHAPE["row"] for row in unit["source_rows"])
    assert len(whole["denominator"]["units"]) == int(whole["figure"]["unit_count"])
    page = _ask(settings, "SURV_LEGAL_1", "--period", "2010", "--breakdown", "sector=individual", "--limit", "3")
    assert page["denominator"]["units"] == whole["denominator"]["units"][:3] and page["denominator"]["next"] == 3
    rest = _ask(
        settings, "SURV_LEGAL_1", "--period", "2010", "--breakdown", "sector=individual", "--limit", "1000", "--offset", "3"
    )
    assert page["denominator"]["units"] + rest["denominator"]["units"] == whole["denominator"]["units"]
