"""The synthetic city's files: deterministic, true to their manifests, agreeing with one another."""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from stdnum.cn import ric

from ingest.readers import Findings, Naming, read
from ingest.spec import load_spec
from warehouse.synth import PLANTED_NAMES, planted_ids, synthesise, synthesise_nights
from warehouse.synth.check_digits import check15
from warehouse.synth.clean import cleaned
from warehouse.synth.layout import LAYOUTS
from warehouse.synth.people import resident_id

FIRST, LAST = date(2010, 12, 28), date(2010, 12, 31)
SCALE = 0.3


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    synthesise(out, seed=3, scale=SCALE, first=FIRST, last=LAST)
    return out


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    synthesise_nights(out, seed=3, scale=SCALE, first=FIRST, last=LAST, faults="demo")
    return out


def rows_of(root: Path, source: str, day: date = FIRST) -> Iterator[dict[str, str]]:
    """A delivery's rows through the product's own reader, by delivered name."""
    spec, layout = load_spec(source), LAYOUTS[source]
    path = root / layout.department / f"{source}_520381_{day:%Y%m%d}_01.{layout.ext}"
    names = [column.delivered for column in spec.columns]
    for batch in read(spec, path, Naming("520381", day), Findings()):
        assert not batch.faults
        for row in batch.rows:
            yield {name: (cell or "").strip() for name, cell in zip(names, row, strict=True)}


def files(root: Path) -> dict[str, str]:
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        synthesise_nights(tmp_path / name, seed=seed, scale=0.05, first=FIRST, last=LAST, faults="demo")
    one, two, other = (files(tmp_path / name) for name in "abc")
    assert one == two
    assert one.keys() == other.keys()
    full = [name for name in one if "20101228" in name and "population" not in name]
    assert len(full) == 14
    assert all(one[name] != other[name] for name in full)


@pytest.mark.parametrize("source", sorted(LAYOUTS))
def test_manifest_says_what_the_reader_reads(city: Path, source: str) -> None:
    layout = LAYOUTS[source]
    for path in (city / layout.department).glob(f"{source}_*.manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        data = path.with_name(path.name.replace(".manifest.json", f".{layout.ext}"))
        assert manifest["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
        rows = list(rows_of(city, source, date.fromisoformat(manifest["business_date"])))
        assert manifest["rows"] == len(rows)
        for name, total in manifest["totals"].items():
            assert Decimal(total) == sum(Decimal(row[name] or 0) for row in rows)


def test_sizes_are_near_the_calibration(city: Path) -> None:
    register = list(rows_of(city, "registrations"))
    stock = {"individual": 0, "private": 0}
    for row in register:
        start = (row["INDATE"] or row["ESTDATE"]).replace("-", "")
        ends = [row[name].replace("-", "") for name in ("CANDATE", "REVDATE", "OUTDATE") if row[name]]
        if start <= "20091231" and all(end > "20091231" for end in ends):
            kind = "individual" if row["ENTTYPE"] == "9500" else "private"
            stock[kind] += row["ENTTYPE"] in ("9500", "1130", "1150", "1151", "4530", "4540")
    assert stock["individual"] == pytest.approx(8600 * SCALE, rel=0.1)
    assert stock["private"] == pytest.approx(430 * SCALE, rel=0.15)  # a tenth is about one standard deviation here
    assert len(register) == pytest.approx(13_400 * SCALE, rel=0.1)
    new = [row for row in rows_of(city, "employment") if row["ACC032"] == "1" and row["AAE030"][:4] == "2010"]
    assert len(new) == pytest.approx(3500 * SCALE, rel=0.1)


def test_departments_agree(city: Path) -> None:
    regnos = {row["REGNO"] for day in (28, 29, 30, 31) for row in rows_of(city, "registrations", date(2010, 12, day))}
    used = [row["AAB003"] for row in rows_of(city, "employment") if row["AAB003"]]
    assert len(used) > 1000
    assert set(used) <= regnos
    for source, column in (("tax_national", "REGNO"), ("tax_local", "ZCH"), ("loans", "注册号"), ("training", "注册号")):
        assert {row[column] for row in rows_of(city, source) if row[column]} <= regnos


def test_dates_are_in_order(city: Path) -> None:
    for row in rows_of(city, "registrations"):
        start = (row["INDATE"] or row["ESTDATE"]).replace("-", "")
        assert row["ESTDATE"].replace("-", "") <= start <= "20101228"
        for name in ("CANDATE", "REVDATE", "OUTDATE"):
            assert not row[name] or start <= row[name].replace("-", "") <= "20101228"
        assert row["REGSTATE"] == ("3" if row["CANDATE"] else "2" if row["REVDATE"] else "4" if row["OUTDATE"] else "1")
    for row in rows_of(city, "employment"):
        assert row["AAE030"] <= (row["AAE031"] or "20101228") <= "20101228"
        assert bool(row["AAE031"]) == bool(row["ACC033"])


def test_loans_begin_with_the_loan_and_repay_no_more(city: Path) -> None:
    contracts = defaultdict(list)
    for row in rows_of(city, "loans"):
        contracts[row["合同号"]].append(row)
    assert len(contracts) > 50
    for events in contracts.values():
        events.sort(key=lambda row: int(row["事件序号"]))
        assert events[0]["事件"] == "放款"
        paid = sum(Decimal(row["金额"]) for row in events if row["事件"] in ("还款", "代偿"))
        assert paid <= Decimal(events[0]["金额"])


def test_vouchers_keep_their_rules(city: Path) -> None:
    for row in rows_of(city, "tax_local"):
        assert Decimal(row["SJSE"]) <= Decimal(row["YNSE"]) - Decimal(row["JMSE"])
        assert bool(row["JMDM"]) == (Decimal(row["JMSE"]) > 0)
        assert row["SSQS"] <= row["SSQZ"] <= row["RKRQ"]


def test_ids_and_registration_numbers_are_right_but_for_a_few(city: Path) -> None:
    rows = list(rows_of(city, "registrations"))
    ids = [row["LEREPCERNO"] for row in rows if row["LEREPCERNO"]]
    assert sum(not ric.is_valid(ident) for ident in ids) < len(ids) * 0.01
    numbers = [row["REGNO"] for row in rows if len(row["REGNO"]) == 15 and row["REGNO"].isdigit()]
    assert sum(check15(number[:14]) != number for number in numbers) < len(numbers) * 0.01
    assert check15("52038160000001") == "520381600000015"
    assert check15("52038120000001") == "520381200000016"
    assert all(ric.is_valid(ident) for ident in planted_ids(3) if len(ident) == 18)


def test_shards_share_no_id_and_no_number(tmp_path: Path) -> None:
    synthesise(tmp_path, seed=3, scale=2.1, first=FIRST, last=FIRST)
    rows = list(rows_of(tmp_path, "registrations"))
    for name in ("PRIPID", "REGNO"):
        assert len({row[name] for row in rows}) == len(rows)
    people = defaultdict(set)
    for row in rows:
        people[row["LEREPCERNO"]].add(row["LEREP"])
    assert all(len(names) == 1 for ident, names in people.items() if ident)


def test_demo_refuses_delivers_again_and_plants_names(demo: Path) -> None:
    name = "tax-national/tax_national_520381_20101229_01"
    wrong, right = demo / "2010-12-29" / name, demo / "2010-12-30" / name
    totals = []
    for stem in (wrong, right):
        manifest = json.loads(stem.with_suffix(".manifest.json").read_text(encoding="utf-8"))
        paid = sum(Decimal(row["PAID"]) for row in rows_of(stem.parent.parent, "tax_national", date(2010, 12, 29)))
        totals.append((Decimal(manifest["totals"]["PAID"]), paid))
    assert totals[0][0] != totals[0][1]
    assert totals[1][0] == totals[1][1] == totals[0][0]
    for source, column in (("registrations", "LEREP"), ("loans", "借款人姓名"), ("employment", "AAC003"), ("training", "姓名")):
        named = {row[column] for row in rows_of(demo / "2010-12-28", source)}
        assert named & set(PLANTED_NAMES), source
    names = [row["ENTNAME"] for row in rows_of(demo / "2010-12-28", "registrations")]
    assert any(planted in entname for entname in names for planted in PLANTED_NAMES)


def test_demo_has_bad_rows_and_some_are_mended(demo: Path) -> None:
    day, path = date(2010, 12, 30), demo / "2010-12-30" / "saic" / "registrations_520381_20101230_01.csv"
    bad = [row for row in rows_of(demo / "2010-12-30", "registrations", day) if row["ENTTYPE"] == "9999" or not row["ENTNAME"]]
    assert len(bad) == 2
    mended = {row["PRIPID"]: row for row in rows_of(demo / "2010-12-31", "registrations", LAST)}
    assert {row["PRIPID"] in mended and mended[row["PRIPID"]]["ENTNAME"] != "" for row in bad} == {True, False}
    with path.open(encoding="gb18030", newline="") as file:
        assert any(name in "".join(row) for row in csv.reader(file) for name in PLANTED_NAMES)


@pytest.mark.parametrize(
    ("scale", "first", "last"), [(0, FIRST, LAST), (101, FIRST, LAST), (1, LAST, FIRST), (1, date(2011, 1, 1), LAST)]
)
def test_impossible_wishes_are_refused(tmp_path: Path, scale: float, first: date, last: date) -> None:
    with pytest.raises(ValueError):
        synthesise(tmp_path, seed=1, scale=scale, first=first, last=last)


def test_a_clean_row_has_right_check_digits_and_a_reason_for_its_exit() -> None:
    columns = LAYOUTS["registrations"].columns
    slips = {"REGNO": " 520381600000016", "LEREPCERNO": "520381197001010010", "CANDATE": "20100601", "EXITREASON": "", "TOWN": ""}
    row = dict(zip(columns, cleaned("registrations", [slips.get(name, "x") for name in columns]), strict=True))
    assert row["REGNO"] == "520381600000015" and row["LEREPCERNO"] == resident_id("52038119700101001")
    assert row["EXITREASON"] == "1" and row["TOWN"] == "" and row["ENTNAME"] == "x"
