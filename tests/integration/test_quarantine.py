"""Rows that go back: every reason, nobody's name, and when a correction has settled them."""

from __future__ import annotations

import csv
import io
import os
import pwd
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import psycopg
import pytest
from click.testing import CliRunner, Result

from ingest.spec import SourceSpec, all_specs
from tests.extracts import DAY, Rows, fixture_rows, resident_id, write_extract, write_manifest
from warehouse.cli import LazyGroup
from warehouse.night import accept, take_in
from warehouse.query import ask
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
SPECS = all_specs()
BAD = [
    name for name in ("registrations", "tax_national", "tax_local", "loans", "employment", "training", "survey") if name in SPECS
]
HELD = resident_id("52038119700101001")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A night in which every source delivers its good rows and its bad ones."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    postgres.ensure_running(settings)
    try:
        prepare(settings)
        with warnings.catch_warnings():  # of the library's own imports
            warnings.simplefilter("ignore")
            import great_expectations  # noqa: F401
        for name in BAD:
            deliver(settings, SPECS[name], fixture_rows(name, "good") + fixture_rows(name, "bad"))
        (Path(settings.inbox_url) / "stats" / f"survey_520381_{DAY:%Y%m%d}_02.csv").write_bytes(b"WAVE\n")
        yield settings
    finally:
        postgres.stop(settings)


def deliver(settings: Settings, spec: SourceSpec, rows: Rows, day: date = DAY, sequence: int = 1, kind: str = "full") -> None:
    write_extract(spec, rows, Path(settings.inbox_url), day, sequence, kind=kind)
    take_in(settings, spec.name, day)
    accept(settings, spec.name, day)


def bureau(settings: Settings, *words: str, lang: str = "en") -> Result:
    environment = {"BUREAU_HOME": str(settings.home), "BUREAU_LANG": lang}
    group = LazyGroup("bureau")
    result = CliRunner().invoke(group, list(words), env={**os.environ, **environment}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def sheet(path: Path, number: int = 0) -> list[list[str]]:
    book = openpyxl.load_workbook(path)
    return [["" if cell is None else str(cell) for cell in row] for row in book.worksheets[number].iter_rows(values_only=True)]


@pytest.mark.parametrize("name", BAD)
def test_every_row_is_in_the_workbook_with_all_its_reasons(home: Settings, tmp_path: Path, name: str) -> None:
    spec = SPECS[name]
    out = tmp_path / "back.xlsx"
    bureau(home, "quarantine", "export", spec.department, "--out", str(out), "--as", "steward", "--purpose", "a test", lang="zh")
    book = openpyxl.load_workbook(out)
    rows = sheet(out, book.sheetnames.index(spec.title.zh[:31]))
    unsplit = [row.pop() for row in rows] if rows[0][-1] == "原报送行" else []
    header, body = rows[0], rows[1:]
    assert header[2:-3] == [column.delivered for column in spec.columns]
    bad = fixture_rows(name, "bad")
    assert len(body) == len(bad)
    for row, wanted in zip(body, bad, strict=True):
        assert wanted["expect"] in row[-1].split(", "), (wanted["expect"], row[-1])
        assert all("\u4e00" <= sentence[0] <= "\u9fff" or sentence for sentence in row[-3].split("；"))
        if wanted["expect"] != "row.field_count":
            delivered = [wanted.get(column.delivered, "") for column in spec.columns]
            assert [a.replace("\r\n", "\n") for a in row[2:-3]] == delivered or spec.format in ("xlsx", "dbf")
    assert not any(unsplit[1:]) and "row.field_count" not in {row["expect"] for row in bad}


def test_a_line_that_has_no_cells_is_shown_to_the_steward_as_it_was_delivered(home: Settings, tmp_path: Path) -> None:
    day = date(2011, 1, 5)
    path = write_extract(
        SPECS["registrations"], fixture_rows("registrations", "good")[:1], Path(home.inbox_url), day, kind="delta"
    )
    line = f'P8,"一,二",{HELD}'
    path.write_bytes(path.read_bytes() + f"{line}\r\n".encode("gb18030"))
    write_manifest(SPECS["registrations"], path, day, 1, "delta", 2, {}, {})
    take_in(home, "registrations", day)
    accept(home, "registrations", day)
    words = ("quarantine", "export", "saic", "--date", str(day), "--out")
    bureau(home, *words, str(tmp_path / "open.xlsx"), "--as", "steward", "--purpose", "a test", lang="zh")
    header, row = sheet(tmp_path / "open.xlsx")
    assert header[-1] == "原报送行" and row[-1] == line and not any(row[2:-4])
    bureau(home, *words, str(tmp_path / "masked.xlsx"), lang="zh")
    header, row = sheet(tmp_path / "masked.xlsx")
    number = path.read_bytes().count(b"\n")
    assert row[:2] == [path.name, str(number)] and row[-1] == "row.field_count" and HELD not in str(row)


def test_ids_in_wrong_columns_are_masked(home: Settings, tmp_path: Path) -> None:
    """Right ones are not even in the warehouse; one with a slip of the pen is hidden in what goes out without the steward."""
    spec, day = SPECS["employment"], date(2011, 1, 6)
    slip = HELD[:17] + ("0" if HELD[17] != "0" else "1")
    good = fixture_rows("employment", "good")[0]
    columns = [column.delivered for column in spec.columns]
    rows = [good | {"ACC031": "9", "AAE030": "20100101", name: typed} for name in columns for typed in (HELD, slip)]
    write_extract(spec, rows, Path(home.inbox_url), day, kind="delta")
    take_in(home, "employment", day)
    accept(home, "employment", day)
    bureau(home, "quarantine", "export", "hrss", "--date", str(day), "--out", str(tmp_path / "masked.xlsx"))
    shown = str(sheet(tmp_path / "masked.xlsx"))
    assert HELD[:17] not in shown
    with psycopg.connect(postgres.conninfo(home)) as connection:
        for table in ("raw.employment", "quarantine.employment"):
            held = str(connection.execute(f"select * from {table}".encode()).fetchall())
            assert HELD not in held, table
        (keys,) = connection.execute("select count(*) from quarantine.employment where key[1] ~ '^[0-9a-f]{64}$'").fetchone() or (
            0,
        )
    assert keys == 1


def test_who_opens_is_not_what_the_environment_says(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody else")
    monkeypatch.setenv("USER", "somebody else")
    bureau(home, "quarantine", "export", "saic", "--out", str(tmp_path / "x.xlsx"), "--as", "steward", "--purpose", "who asked")
    found = ask(home, "select distinct login from ledger.archive_access where purpose = 'who asked'", "bureau_evaluator").rows
    assert found == [(pwd.getpwuid(os.getuid()).pw_name,)]


def test_without_the_steward_nothing_personal_is_shown(home: Settings, tmp_path: Path) -> None:
    names = {row[c.delivered] for n in BAD for row in fixture_rows(n, "bad") for c in SPECS[n].columns if c.type == "person_name"}
    secret = {name for name in names if len(name) > 2} | {HELD}
    shown = ""
    for department in {SPECS[name].department for name in BAD}:
        out = tmp_path / f"{department}.xlsx"
        bureau(home, "quarantine", "export", department, "--out", str(out))
        with zipfile.ZipFile(out) as container:
            shown += "".join(container.read(member).decode("utf-8", "replace") for member in container.namelist())
        shown += bureau(home, "quarantine", "show", department).output
    shown += bureau(home, "quarantine", "list", "--format", "json").output
    assert not [one for one in secret if one in shown]
    assert "<dc:creator></dc:creator>" in shown or "<dc:creator/>" in shown


def test_openings_are_recorded_and_nobody_can_change_that(home: Settings, tmp_path: Path) -> None:
    def openings() -> int:
        return int(str(ask(home, "select count(*) from ledger.archive_access", "bureau_evaluator").rows[0][0]))

    before = openings()
    export = ("quarantine", "export", "saic", "--date", str(DAY), "--out")
    bureau(home, *export, str(tmp_path / "masked.xlsx"))
    assert openings() == before
    bureau(home, *export, str(tmp_path / "open.xlsx"), "--as", "steward", "--purpose", "back to saic")
    assert openings() == before + 1
    for role in ("bureau_owner", "bureau_steward", "bureau_loader"):
        with psycopg.connect(postgres.conninfo(home, role=role)) as connection, pytest.raises(psycopg.Error):
            connection.execute("delete from ledger.archive_access")


def test_formulas_do_not_run(home: Settings, tmp_path: Path) -> None:
    spec = SPECS["registrations"]
    rows = [
        {**row, "DOM": text} for row, text in zip(fixture_rows(spec.name, "bad")[:4], ("=1+1", "+1", "@x", "-2"), strict=True)
    ]
    deliver(home, spec, rows, date(2011, 1, 4), kind="delta")
    out = tmp_path / "back.xlsx"
    words = ("--out", str(out), "--date", "2011-01-04", "--as", "steward", "--purpose", "x")
    bureau(home, "quarantine", "export", "saic", *words)
    book = openpyxl.load_workbook(out)
    place = next(cell.column for cell in book.worksheets[0][1] if cell.value == "DOM")
    found = [row[place - 1] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in found] == [("=1+1", "s"), ("+1", "s"), ("@x", "s"), ("-2", "s")]
    assert all(cell.quotePrefix for cell in found)


def test_a_correction_settles_a_row_whatever_comes_first(home: Settings) -> None:
    spec = SPECS["registrations"]
    good = fixture_rows(spec.name, "good")[0]
    wrong = [{**good, "PRIPID": f"Q{number}", "ESTDATE": "99999999"} for number in (1, 2)]
    right = [{**row, "ESTDATE": "20090105"} for row in wrong]

    def open_rows() -> list[str]:
        shown = bureau(home, "quarantine", "show", "saic", "--all").output
        return [line for line in shown.splitlines() if "settled by" in line]

    before = len(open_rows())
    deliver(home, spec, wrong[:1], date(2011, 2, 1), kind="delta")
    assert len(open_rows()) == before
    deliver(home, spec, right[:1], date(2011, 2, 2), kind="delta")
    assert len(open_rows()) == before + 1
    deliver(home, spec, right[1:], date(2011, 2, 4), kind="delta")
    deliver(home, spec, wrong[1:], date(2011, 2, 3), kind="delta")  # out of order: the correction was there before
    assert len(open_rows()) == before + 2
    deliver(home, spec, wrong[1:], date(2011, 2, 5), kind="delta")  # wrong again, later: it waits
    assert len(open_rows()) == before + 2


def test_lists_as_csv_and_of_one_source(home: Settings) -> None:
    lines = list(csv.DictReader(io.StringIO(bureau(home, "quarantine", "list", "--source", "loans", "--format", "csv").output)))
    assert {one["source"] for one in lines} == {"loans"} and sum(int(one["rows"]) for one in lines if one["rows"]) > 5
    rows = list(csv.DictReader(io.StringIO(bureau(home, "quarantine", "show", "pboc", "--format", "csv", lang="zh").output)))
    assert {one["source"] for one in rows} == {"loans"} and all(one["sentence"] for one in rows)


def test_reasons_are_said_in_both_languages(home: Settings) -> None:
    listed = {lang: bureau(home, "quarantine", "list", lang=lang).output for lang in ("en", "zh")}
    assert "pripid.required" in listed["en"] and "待更正" in listed["zh"]
    assert "必须填写" in bureau(home, "quarantine", "show", "saic", lang="zh").output
    assert "must be given" in bureau(home, "quarantine", "show", "saic").output


@pytest.mark.parametrize(
    ("words", "said"), [(["export", "nobody"], "nobody"), (["show", "999999"], "999999"), (["list", "--source", "loan"], "loans")]
)
def test_mistakes_are_said(home: Settings, words: list[str], said: str) -> None:
    from warehouse.errors import BureauError

    with pytest.raises(BureauError) as caught:
        bureau(home, "quarantine", *words)
    assert said in caught.value.text("zh")


def test_opening_needs_a_purpose(home: Settings) -> None:
    from warehouse.errors import BureauError

    with pytest.raises(BureauError):
        bureau(home, "quarantine", "export", "saic", "--as", "steward")


def test_a_department_may_have_a_place_of_its_own(home: Settings, tmp_path: Path) -> None:
    spec = SPECS["training"]
    own = home.model_copy(update={"inboxes": {"hrss": str(tmp_path / "own")}})
    path = write_extract(spec, fixture_rows("training", "good"), tmp_path, date(2011, 3, 1), kind="delta")
    path.parent.rename(tmp_path / "own")
    assert len(take_in(own, "training", date(2011, 3, 1))) == 1
    assert take_in(home, "loans", date(2011, 3, 1)) == []
