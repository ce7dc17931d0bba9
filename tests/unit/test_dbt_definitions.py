"""What dbt's yml files say, without a database: sources, indicators, targets."""

import ast
import csv
import re
from pathlib import Path

import pytest
import yaml

from ingest.spec import all_specs
from warehouse.dbt_sources import PATH, render
from warehouse.indicators import FOLDER, Indicator, load_indicators
from warehouse.settings import PROJECT


def accounts_of(path: Path) -> list[str]:
    """The accounts that a model says in its config: `meta={'account': …}` or `meta={'accounts': […]}`."""
    said = re.search(r"meta=(\{'accounts?':.*?\})\)", path.read_text(encoding="utf-8"), re.DOTALL)
    assert said, f"{path.name} says no account"
    meta = ast.literal_eval(said[1])
    return list(meta.get("accounts", [meta.get("account")]))


INDICATORS = load_indicators()
SEEDS = PROJECT / "dbt_project" / "seeds"
MODELS = PROJECT / "dbt_project" / "models"
ACCOUNTS = {account: path for path in (MODELS / "evidence").rglob("evi_*.sql") for account in accounts_of(path)}


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_sources_follow_the_specs() -> None:
    assert PATH.read_text(encoding="utf-8") == render(), "run `python -m warehouse.dbt_sources`"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_a_file_holds_one_indicator_of_its_name_or_a_family_over_years(path: Path) -> None:
    exposures = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]
    family = [f"{path.stem}_{year}" for year in range(1, len(exposures) + 1)]
    assert [exposure["name"] for exposure in exposures] in ([path.stem], family)
    assert all(exposure["config"]["meta"]["indicator"] == exposure["name"].upper() for exposure in exposures)


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=lambda indicator: indicator.indicator)
def test_all_texts_are_there_in_both_languages(indicator: Indicator) -> None:
    for texts in (indicator.name, indicator.unit, indicator.definition, indicator.meaning, indicator.source_of_definition):
        assert texts.zh.strip() and texts.en.strip()
    for texts in (indicator.name, indicator.definition, indicator.meaning):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in texts.zh)
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in texts.en)


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=lambda indicator: indicator.indicator)
def test_a_formula_names_accounts_and_sources_that_exist(indicator: Indicator) -> None:
    parts = [part for part in (indicator.numerator, indicator.denominator) if part]
    assert {account for part in parts for account in part.accounts} <= ACCOUNTS.keys()
    outside = [part for part in parts if part.undivided is not None]
    assert {f"{account}.known" for part in outside for account in part.accounts} <= ACCOUNTS.keys()
    assert set(indicator.needs) <= all_specs().keys()
    assert ("sector" in indicator.breakdowns) == bool(indicator.sectors)


def test_every_account_is_gathered_in_the_ledger() -> None:
    gatherers = {path.stem: path.read_text(encoding="utf-8") for path in (MODELS / "evidence").rglob("posting_of_*.sql")}
    ledger = (MODELS / "evidence" / "posting" / "posting.sql").read_text(encoding="utf-8")
    assert all(f"ref('{name}')" in ledger for name in gatherers), "the ledger is complete when all of them have written"
    gathered = [name for text in gatherers.values() for name in re.findall(r"'(evi_\w+)'", text)]
    said = [account for path in (MODELS / "evidence").rglob("evi_*.sql") for account in accounts_of(path)]
    assert len(said) == len(set(said)), "an account is said by one model"
    assert sorted(gathered) == sorted({path.stem for path in ACCOUNTS.values()})


def test_targets_name_indicators_geographies_and_directions() -> None:
    targets = _seed("target")
    geographies = {row["geography"] for row in _seed("geography")}
    assert targets
    for target in targets:
        assert target["indicator"] in INDICATORS
        assert target["geography"] in geographies
        assert target["direction"] in {"at_least", "at_most", "significantly_higher"}
        assert bool(target["value"]) == (target["direction"] != "significantly_higher")
        assert target["name_zh"] and target["name_en"] and target["source"]
    assert len({target["target"] for target in targets}) == len(targets)


def test_benchmarks_and_reports_name_what_exists() -> None:
    targets = {row["target"] for row in _seed("target")}
    for row in _seed("benchmark"):
        assert row["indicator"] in INDICATORS and row["value"] and row["source"]
    for row in _seed("target_report"):
        assert row["target"] in targets and row["conduct"] in {"late", "refused"} and row["reported_on"]
    for target in _seed("target"):
        assert not target["base_score"] or float(target["base_score"]) > 0


def test_the_headline_targets_of_the_programme_are_there() -> None:
    assert {(t["indicator"], t["value"], t["direction"]) for t in _seed("target") if t["geography"] == "520381"} >= {
        ("ENT_NET_PRIV", "49", "at_least"),
        ("ENT_NET_IND", "1180", "at_least"),
        ("SURV_LEGAL_1", "60", "at_least"),
        ("JOB_CONTR", "30", "at_least"),
        ("ACT_IDX", "15", "at_least"),
        ("SAT_IDX", "", "significantly_higher"),
    }
