"""The public listing: it fills the register in a warehouse of its own, and beside registrations it feeds no figure."""

import gzip
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.spec import load_spec
from tests.extracts import fixture_rows, write_extract, write_manifest
from tests.integration.nights import figures, load, play, quiet_build, rows
from warehouse.coding_report import proposed, rates, unknown
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration

SPEC = load_spec("registry_export")
DAY, NEXT = date(2010, 12, 31), date(2011, 1, 31)
REAL = os.environ.get("BUREAU_TEST_REGISTRY_EXPORT")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose register the listing fills, after one night."""
    settings = load_settings(home=tmp_path_factory.mktemp("listing"), register_source="registry_export")
    prepare(settings)
    try:
        write_extract(SPEC, fixture_rows("registry_export", "good"), Path(settings.inbox_url), DAY)
        play(settings, DAY)
        yield settings
    finally:
        postgres.stop(settings)


def values(settings: Settings, indicator: str, period: str, *, town: str = "520381", kind: str = "total") -> dict[str, float]:
    found = rows(
        settings,
        "select breakdown, value::float from mart.indicator_values where indicator = %s and period = %s and geography = %s "
        "and breakdown_type = %s and availability = 'ok'",
        [indicator, period, town, kind],
    )
    return {str(breakdown): float(value) for breakdown, value in found}


def test_the_listing_makes_figures_in_a_warehouse_of_its_own(own: Settings) -> None:
    """In 2010: two companies, a cooperative, a household; state-owned, a branch, one of 湄潭 and an unknown form do not count."""
    assert values(own, "ENT_NEW", "2010") == {"total": 4.0}
    assert {k: v for k, v in values(own, "ENT_NEW", "2010", kind="sector").items() if v} == {
        "private": 2.0, "cooperative": 1.0, "individual": 1.0,
    }  # fmt: skip
    assert {k: v for k, v in values(own, "ENT_NEW", "2010", kind="industry").items() if v} == {
        "A": 1.0,
        "C": 1.0,
        "F": 1.0,
        "H": 1.0,
    }
    assert values(own, "ENT_NEW", "2010", town="520381102") == {"total": 1.0}
    assert values(own, "ENT_NEW", "2010", town="520381999") == {"total": 1.0}
    assert values(own, "ENT_STK", "2010") == {"total": 4.0}


def test_every_row_is_coded_or_listed(own: Settings) -> None:
    found = dict(
        rows(own, "select row_id & 4294967295, (town, section, enttype, capital::float, currency)::text from register.coding")
    )
    assert len(found) == 8
    assert found[1] == "(520381102,C,1130,50,156)"
    assert found[4] == "(,H,9500,,)"
    assert found[5] == "(520381003,,1110,200,840)"
    assert found[7] == "(,C,1130,,)"


def test_what_was_coded_and_what_was_not_is_told(own: Settings) -> None:
    assert [(one.what, one.found, one.rows) for one in rates(own)] == [
        ("here", 7, 8), ("region", 8, 8), ("town", 6, 7), ("section", 4, 5), ("type", 6, 7), ("capital", 4, 5),
    ]  # fmt: skip
    assert [one.text for one in unknown(own, "town", 10)] == ["赤水市样本楼二楼"]
    assert [one.text for one in unknown(own, "capital", 10)] == ["约十万"]
    assert unknown(own, "region", 10) == []
    assert proposed(own, 10) == []


def test_nothing_of_registrations_is_expected(own: Settings) -> None:
    assert rows(own, "select count(*) from ledger.expected_delivery where source in ('registrations', 'registry_export')") == [
        (0,)
    ]
    status = rows(own, "select distinct status from mart.indicator_values where indicator = 'ENT_NEW'")
    assert ("stale",) not in status


@pytest.mark.long
def test_other_dictionaries_code_the_rows_anew(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed gazetteer moves an entity on the next build, though nothing was delivered."""
    import ingest.coding.coder
    import warehouse.coding

    class Other(ingest.coding.coder.Coder):
        def code(self, texts, day):  # type: ignore[no-untyped-def]
            from dataclasses import replace

            coding = super().code(texts, day)
            return replace(coding, town="520381101") if coding.town == "520381102" else coding

    monkeypatch.setattr(warehouse.coding, "Coder", Other)
    monkeypatch.setattr(warehouse.coding, "version", lambda: "other")
    quiet_build(own, DAY)
    assert values(own, "ENT_NEW", "2010", town="520381102") == {"total": 0.0}
    assert values(own, "ENT_NEW", "2010", town="520381101") == {"total": 1.0}
    monkeypatch.undo()
    quiet_build(own, DAY)
    assert values(own, "ENT_NEW", "2010", town="520381102") == {"total": 1.0}


@pytest.mark.long
def test_beside_registrations_it_changes_no_figure_and_makes_proposals(database: Settings) -> None:
    registrations = load_spec("registrations")
    delivered = fixture_rows("registrations", "good")
    for row in delivered[:2]:
        row["TOWN"], row["DOM"], row["INDUSTRYCO"], row["OPSCOPE"] = "", "赤水市人民西路1号", "", "白酒销售"
    inbox = Path(database.inbox_url)
    write_extract(registrations, delivered, inbox, DAY)
    play(database, DAY)
    before = figures(database)
    assert before
    write_extract(SPEC, fixture_rows("registry_export", "good"), inbox, DAY)
    play(database, DAY)
    assert rows(database, "select count(*) from raw.registry_export") == [(8,)]
    assert figures(database) == before
    proposed = rows(database, "select town_as_counted, town_proposed, town_by, section_proposed from register.coding_proposal")
    assert proposed.count(("520381999", "520381001", "人民西路", "F")) == 2


@pytest.mark.skipif(not REAL, reason="BUREAU_TEST_REGISTRY_EXPORT names no export")
def test_a_real_export_is_accounted_for(tmp_path: Path, database: Settings) -> None:
    content = Path(str(REAL)).read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    day = date(2019, 4, 30)
    path = Path(database.inbox_url) / SPEC.department / f"{SPEC.name}_520381_{day:%Y%m%d}_01.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    write_manifest(SPEC, path, day, 1, "full", content.count(b"\n") - 1, {}, {})
    (outcome,) = load(database, day)
    assert outcome.status == "accepted"
    number = (
        f"select rows_in_file, rows_accepted, rows_quarantined from ledger.delivery where delivery_id = {outcome.delivery_id}"
    )
    ((in_file, accepted, quarantined),) = rows(database, number)
    assert in_file == content.count(b"\n") - 1 == accepted + quarantined
    assert rows(database, "select count(*) from quarantine.registry_export where cardinality(reasons) = 0") == [(0,)]
