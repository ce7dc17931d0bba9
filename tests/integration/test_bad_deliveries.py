"""The bar for bad files: one night with all of them, and what became of each. The good ones must not have felt it."""

from __future__ import annotations

import json
import resource
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pytest

import expectations
from ingest.accept import Outcome
from tests.integration import bad_contents, bad_other_formats, bad_texts
from tests.integration import bad_deliveries as bad
from tests.integration.bad_kinds import KINDS
from tests.integration.nights import load, rows
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
FILLED_BY = (bad_texts, bad_contents, bad_other_formats)
LAST = bad.FIRST + timedelta(days=len(bad.CASES))
OVERWRITTEN = "the_next_one_is_other_bytes_under_this_name"


@dataclass(frozen=True)
class Played:
    settings: Settings
    files: dict[str, str]
    good: dict[str, int]
    grown: int


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    settings = load_settings(home=tmp_path_factory.mktemp("bad") / "home", inbox_settle_seconds=0)
    prepare(settings)
    try:
        inbox = Path(settings.inbox_url)
        files = bad.write_all(inbox)
        good = bad.write_good(inbox, LAST)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expectations.warm()
        before = peak()
        load(settings, LAST)
        grown = peak() - before
        bad.overwrite(inbox, OVERWRITTEN)
        assert load(settings, LAST) == [], "only one file changed, and it is a conflict"
        yield Played(settings, files, good, grown)
    finally:
        postgres.stop(settings)


def peak() -> int:
    """The most memory that this process and its helpers have had, in megabytes."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) // 1024


def ledger_of(night: Played, file_name: str) -> list[dict[str, Any]]:
    names = ("delivery_id", "source", "status", "reason", "rows_in_file", "rows_accepted", "rows_quarantined", "accepted_at")
    found = rows(
        night.settings,
        f"select {', '.join(names)} from ledger.delivery where file_name = %s order by delivery_id",
        [file_name],
    )
    return [dict(zip(names, row, strict=True)) for row in found]


@pytest.mark.parametrize("name", bad.CASES)
def test_a_bad_delivery_ends_as_it_must(night: Played, name: str) -> None:
    case, ending = bad.CASES[name], bad.CASES[name].ending
    found, *later = ledger_of(night, night.files[name])
    assert found["status"] == ending.status, found
    assert (found["reason"] or "").startswith(ending.reason), found["reason"]
    assert [one["status"] for one in later] == (["conflict"] if name == OVERWRITTEN else [])
    if ending.rows is None:
        assert found["rows_accepted"] is None and found["accepted_at"] is None
        return
    assert (found["rows_accepted"], found["rows_quarantined"]) == ending.rows
    assert found["rows_in_file"] == sum(ending.rows)
    aside = rows(
        night.settings, f"select unnest(reasons) from quarantine.{case.source} where delivery_id = %s", [found["delivery_id"]]
    )
    assert {rule for (rule,) in aside} == ending.rules
    noticed = rows(
        night.settings,
        "select rule from ledger.check_result where delivery_id = %s and severity = 'warn' and not passed",
        [found["delivery_id"]],
    )
    assert ending.warned <= {rule for (rule,) in noticed}
    stands = rows(night.settings, f"select count(*) from raw.{case.source} where delivery_id = %s", [found["delivery_id"]])
    assert stands == [(ending.rows[0],)]


def test_every_kind_is_played() -> None:
    named = {name for names in KINDS.values() for name in names}
    assert all(KINDS.values()) and named <= bad.CASES.keys()


def test_all_others_of_the_night_are_loaded(night: Played) -> None:
    found = rows(
        night.settings,
        "select source, rows_in_file::int, rows_accepted::int from ledger.delivery where status = 'accepted' "
        "and business_date = %s order by source",
        [LAST],
    )
    assert found == [(source, count, count) for source, count in sorted(night.good.items())]


def test_nothing_of_what_was_refused_is_left(night: Played) -> None:
    tables = rows(night.settings, "select tablename from pg_tables where schemaname = 'raw' and tablename like '%%\\_\\_d%%'")
    standing = rows(night.settings, "select source || '__d' || delivery_id from ledger.delivery where status = 'accepted'")
    assert sorted(tables) == sorted(standing)
    assert rows(night.settings, "select 1 from ledger.delivery where status = 'loading'") == []
    assert list((night.settings.archive / "incoming").iterdir()) == []


def test_what_is_normalised_and_what_is_not(night: Played) -> None:
    name = "blanks_full_width_digits_four_byte_characters_and_line_breaks"
    number = ledger_of(night, night.files[name])[0]["delivery_id"]
    found = rows(
        night.settings,
        "select town, dom, empnum from raw.registrations where delivery_id = %s and pripid = 'P001'",
        [number],
    )
    assert found == [("520381001", "一行\r\n又一行", "2")]


@pytest.mark.parametrize(
    ("name", "columns", "wanted"),
    [
        ("formula_text", "dom", "=cmd|'/c calc'!A1"),
        ("formula_in_a_text", "name", bad_other_formats.FORMULA),
        ("formula_text_in_a_workbook", "bank", bad_other_formats.FORMULA),
        ("formula_text_in_a_table", "name", bad_other_formats.FORMULA),
    ],
)
def test_a_formula_is_kept_as_a_text(night: Played, name: str, columns: str, wanted: str) -> None:
    number = ledger_of(night, night.files[name])[0]["delivery_id"]
    source = bad.CASES[name].source
    found = rows(night.settings, f"select {columns} from raw.{source} where delivery_id = %s order by row_id", [number])
    assert found[0] == (wanted,)
    if name == "formula_text_in_a_workbook":
        assert found[1] == ("农村信用社",)


def test_no_file_took_much_memory(night: Played) -> None:
    assert night.grown < 300, f"{night.grown} MB more than before"


@pytest.mark.long
def test_a_field_of_two_gigabytes_is_refused_with_flat_memory(night: Played, tmp_path: Path) -> None:
    day = LAST + timedelta(days=1)
    delivery = bad.Delivery(tmp_path / "inbox", "registrations", day)
    delivery.write()
    header = delivery.path.read_bytes().split(b"\r\n")[0]
    with delivery.path.open("wb") as file:
        file.write(header + b"\r\n")
        for _ in range(2048):
            file.write(b"1" * (1 << 20))
    with delivery.path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    manifest = delivery.path.with_suffix(".manifest.json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"sha256": digest, "rows": 1}))
    before = peak()
    outcomes: list[Outcome] = load(night.settings, day, tmp_path / "inbox")
    assert outcomes == []
    (found,) = ledger_of(night, delivery.path.name)
    assert found["reason"].startswith("file.structure at line 2")
    assert peak() - before < 100
