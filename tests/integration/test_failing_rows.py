"""Ids and names planted in rows that break rules, of every source, are nowhere in what is said about them.

Everything that a night and its aftermath leave is searched: the ledger, reasons, what the tasks hand on (XCom), logs, the pages
of the checks, exceptions as Airflow writes them down, standard output, and what a returned workbook holds beside its cells.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from expectations import CheckError, checkpoint
from expectations.rules import Rule, rules_of
from ingest.ddl import partition_name
from ingest.spec import SourceSpec, all_specs
from tests.extracts import fixture_rows, resident_id, write_extract
from tests.integration.leaks import forms, leaks
from tests.integration.nights import quiet_build
from warehouse.check_pages import refresh
from warehouse.checks import checks
from warehouse.cli.quarantine import quarantine
from warehouse.deliveries import deliveries
from warehouse.orchestration import Accept, TakeIn
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
SPECS = all_specs()
NAMES = ("慕容泄漏甲子", "东方外泄乙丑", "南宫显露丙寅", "独孤可见丁卯")
LAST = date(2010, 12, 31)
PAST = [LAST - timedelta(days=days) for days in range(13, 1, -1)]  # what usual ranges are learned from
Rows = list[dict[str, str]]
_serial = count(1)


def person() -> tuple[str, str]:
    """A name, and an id that nobody else has."""
    number = next(_serial)
    return NAMES[number % len(NAMES)], resident_id(f"5203811976{1 + number // 900 % 12:02d}17{100 + number % 900}")


IDS: set[bytes] = set()


def planted(row: dict[str, str], spec: SourceSpec, keep: str | None = None) -> dict[str, str]:
    """The row with another person in its personal columns; `keep` names one that stays."""
    name, ident = person()
    IDS.update(forms(ident))
    changed = dict(row)
    for column in spec.columns:
        if column.name == keep:
            continue
        if column.type == "person_name":
            changed[column.delivered] = name
        elif column.type == "resident_id":
            changed[column.delivered] = ident
        elif column.type == "taxpayer":
            changed[column.delivered] = f"L{ident}"
    return changed


def failing(spec: SourceSpec) -> Rows:
    """Rows that break rules: in each column a name with an id, then the spec's own bad rows, all of planted persons."""
    good = fixture_rows(spec.name, "good")[0]
    rows: Rows = []
    for column in spec.columns:
        name, ident = person()
        IDS.update(forms(ident))
        broken = ident[:17] + "?" if column.holds_id else f"{name}{ident}"
        rows.append(planted(good, spec, column.name) | {column.delivered: broken})
        rows.append(planted(good, spec, column.name) | {column.delivered: ident})
    for bad in fixture_rows(spec.name, "bad"):
        rows.append(planted({key: value for key, value in bad.items() if key != "expect"}, spec))
    return [*rows, rows[-1]]


def across(spec: SourceSpec) -> Rows:
    """Rows that break rules between rows and references, each by itself right."""
    good = fixture_rows(spec.name, "good")[0]
    if spec.name == "loans":
        lent, paid = {"事件": "放款", "金额": "10"}, {"事件": "还款", "到期日": "", "金额": "11"}
        steps = [{"事件序号": "1", **paid}, {"事件序号": "2", **lent}]
        return [planted(good, spec) | {"合同号": "A", "注册号": "520381200000016"} | step for step in steps]
    if spec.name == "tax_local":
        of = {"YNSE": "9000", "SJSE": "0", "SSQS": "20100101", "SSQZ": "20101130", "JMSE": "8000", "ZCH": "520381200000016"}
        whose = planted(good, spec)
        first = {"PZH": "R0", "SSQS": "20070101", "SSQZ": "20071031"}
        return [whose | of | step for step in (first, {"PZH": "R1"}, {"PZH": "R2"})]
    if spec.references:
        number = spec.column(spec.references[0].column).delivered
        return [planted(good, spec) | {number: "520381200000016"} for _ in range(3)]
    return []


@dataclass
class Told:
    """What was said outside of database and files; `home` is where these are."""

    home: Settings
    texts: dict[str, str] = field(default_factory=dict)


def context(day: date) -> Any:
    """As much of a task's context as a night looks at."""
    conf = {"business_date": day.isoformat(), "since": None, "wait_until": None, "inbox": None}
    return {"dag_run": SimpleNamespace(conf=conf, data_interval_end=None, run_after=datetime.now(UTC))}


def handed_on(source: str, day: date) -> str:
    """A source's night by the tasks themselves; what they return goes into XCom."""
    results = [TakeIn(task_id="take_in", source=source).execute(context(day))]
    results.append(Accept(task_id="accept", source=source).execute(context(day)))
    return json.dumps(results, ensure_ascii=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Nights of every source: history, rows that break everything, a header with a person in it, and checks that break off."""
    said: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = said.append  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("failing")
        patch.setenv("BUREAU_HOME", str(home))
        settings = load_settings()
        prepare(settings)
        logging.getLogger().addHandler(handler)
        try:
            found = Told(settings)
            with warnings.catch_warnings():  # of the libraries' own use of one another
                warnings.simplefilter("ignore")
                play(found, patch)
            found.texts["log records"] = "\n".join(logging.Formatter().format(record) for record in said)
            yield found
        finally:
            logging.getLogger().removeHandler(handler)
            postgres.stop(settings)


def play(told: Told, patch: pytest.MonkeyPatch) -> None:
    inbox = Path(told.home.inbox_url)
    for name, spec in sorted(SPECS.items(), key=lambda one: one[0] != "registrations"):
        good = fixture_rows(name, "good")
        for day in PAST if name == "employment" else []:
            write_extract(spec, [planted(row, spec) for row in good], inbox, day, kind="delta")
        if name == "loans":  # a contract that vanishes
            write_extract(spec, [planted(good[0], spec) | {"合同号": "".join(person())}], inbox, PAST[-1])
        kind = "delta" if name == "employment" else "full"
        write_extract(spec, [planted(good[0], spec), *failing(spec), *across(spec)], inbox, LAST, kind=kind)
        told.texts[f"XCom {name}"] = handed_on(name, LAST)
    _headers_with_persons(told, inbox)
    _checks_that_break_off(told, inbox, patch)
    told.texts["checks"] = repr(checks(told.home, "zh", LAST)) + repr(deliveries(told.home))
    refresh(told.home)


def _headers_with_persons(told: Told, inbox: Path) -> None:
    """A column that nobody agreed, one that is missing, and totals of a column that is none: each named like a person."""
    name, ident = person()
    IDS.update(forms(ident))
    spec, day = SPECS["employment"], LAST + timedelta(days=3)
    path = write_extract(spec, fixture_rows("employment", "good"), inbox, day, 2, totals={f"{name}{ident}": "1"})
    told.texts["XCom totals"] = handed_on("employment", day)
    write_extract(spec, fixture_rows("employment", "good"), inbox, day, 3, changed={f"{name}{ident}": "?", "totals": {}})
    told.texts["XCom manifest"] = handed_on("employment", day)
    path.write_bytes(path.read_bytes().replace(b"AAC003", f"{name}{ident}".encode("gb18030"), 1))
    write_manifest_of(spec, path, day)
    told.texts["XCom header"] = handed_on("employment", day)


def write_manifest_of(spec: SourceSpec, path: Path, day: date) -> None:
    from tests.extracts import write_manifest

    write_manifest(spec, path, day, 2, "full", len(fixture_rows(spec.name, "good")), {}, {})


def _checks_that_break_off(told: Told, inbox: Path, patch: pytest.MonkeyPatch) -> None:
    """The server's own message quotes the cell: a name in a text of the loans is made a number."""
    spec, day = SPECS["loans"], LAST + timedelta(days=4)
    name, _ = person()
    write_extract(spec, [fixture_rows("loans", "good")[0] | {"经办行": name}], inbox, day, 1, "delta")
    bad = Rule("bank.broken", "warn", ("bank",), "bank::integer > 0", "", "", "", "")
    with patch.context() as sabotage:
        sabotage.setattr(checkpoint, "rules_of", lambda *given: (*rules_of(*given), bad))
        with pytest.raises(CheckError) as raised:
            handed_on("loans", day)
    found = {one.delivery_id for one in deliveries(told.home) if one.source == "loans" and one.business_date == day}
    (number,) = found - {None}  # a promise that is not kept yet has no number
    assert number is not None
    table = partition_name(spec, number)
    with psycopg.connect(postgres.conninfo(told.home)) as connection, pytest.raises(psycopg.Error, match=name):
        connection.execute(sql.SQL("select bank::integer from raw.{}").format(sql.Identifier(table)))
    told.texts["exception"] = _as_airflow_writes(raised.value)


def _as_airflow_writes(error: BaseException) -> str:
    """A task's exception in its log: Airflow renders it by structlog's records of the traceback, without locals."""
    import structlog

    render = structlog.tracebacks.ExceptionDictTransformer(use_rich=False, show_locals=False)
    written = json.dumps(render((type(error), error, error.__traceback__)), default=str, ensure_ascii=False)
    return written + "".join(traceback.format_exception(error))


def test_rules_of_every_kind_are_broken_in_every_source(told: Told) -> None:
    """Else nothing would be proved by finding nothing."""
    with psycopg.connect(postgres.conninfo(told.home)) as connection:
        found = connection.execute(
            "select distinct d.source, r.rule from ledger.check_result as r inner join ledger.delivery as d using (delivery_id) "
            "where not r.passed"
        )
        broken = set(found.fetchall())
        held = dict(connection.execute("select source, sum(rows_quarantined) from ledger.delivery group by 1").fetchall())
    for name, spec in SPECS.items():
        rules = rules_of(spec, LAST, "520381")
        kinds = {rule.kind for rule in rules if (name, rule.id) in broken}
        assert "row" in kinds and held[name] > len(spec.columns) // 3, (name, kinds, held)
        wanted = {rule.id for rule in spec.between_rows} | {rule.id for rule in spec.references}
        assert {rule for rule in wanted if (name, rule) not in broken} == set(), name
    usual = {rule.id for rule in rules_of(SPECS["employment"], LAST, "520381") if rule.kind == "usual"}
    assert {rule for source, rule in broken if source == "employment"} & usual
    assert {("loans", "delivery.keys_kept"), ("loans", "delivery.check")} <= broken, "the check that broke off, too"
    with psycopg.connect(postgres.conninfo(told.home)) as connection:
        refused = connection.execute("select count(*) from ledger.delivery where status = 'refused'").fetchone()
    assert refused == (3,)


def test_nothing_that_is_said_names_a_person(told: Told) -> None:
    assert len(IDS) > 600
    for where, text in told.texts.items():
        assert leaks(text.encode(), IDS, NAMES) == set(), where
    assert "CheckError" in told.texts["exception"]


def test_no_file_but_what_was_delivered_names_a_person(told: Told) -> None:
    """The pages of the checks, the server's log, and whatever else was written."""
    written = search_files(told.home.home)
    assert {"postgresql.log", "index.html"} <= {path.name for path in written}
    assert len([path for path in written if path.suffix == ".html"]) > len(SPECS)


@pytest.mark.long
def test_no_artefact_of_a_build_over_such_rows_names_a_person(told: Told) -> None:
    quiet_build(told.home, LAST + timedelta(days=4))
    assert "dbt.log" in {path.name for path in search_files(told.home.home)}


def search_files(home: Path) -> list[Path]:
    """All files but what was delivered and the server's own (what is in the tables is looked at as rows); none names a person."""
    apart = [home / name for name in ("inbox", "archive", "postgres")]
    files = [path for path in home.rglob("*") if path.is_file() and not any(path.is_relative_to(one) for one in apart)]
    for path in files:
        assert leaks(path.read_bytes(), IDS, NAMES) == set(), path
        assert not [name for name in NAMES if name in str(path)], path
    return files


def test_the_ledger_and_the_reasons_name_no_person(told: Told) -> None:
    with psycopg.connect(postgres.conninfo(told.home)) as connection:
        tables = connection.execute("select relname from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r'")
        copies = [sql.SQL("table ledger.{}").format(sql.Identifier(table)) for (table,) in tables.fetchall()]
        copies += [sql.SQL("select reasons from quarantine.{}").format(sql.Identifier(name)) for name in SPECS]
        for one in copies:
            with connection.cursor().copy(sql.SQL("copy ({}) to stdout").format(one)) as copy:
                assert leaks(b"".join(bytes(block) for block in copy), IDS, NAMES) == set(), one.as_string()


@pytest.mark.parametrize("department", sorted({spec.department for spec in SPECS.values()}))
def test_a_returned_workbook_names_persons_in_its_cells_alone(told: Told, department: str, tmp_path: Path) -> None:
    """What a department gets back are its own cells; the rest of the file says nothing of them."""
    from click.testing import CliRunner

    book = tmp_path / "back.xlsx"
    command = ["export", department, "--out", str(book), "--as", "steward", "--purpose", "test"]
    result = CliRunner().invoke(quarantine, command)
    assert result.exception is None and leaks(result.output.encode(), IDS, NAMES) == set()
    with zipfile.ZipFile(book) as parts:
        cells = {name: parts.read(name) for name in parts.namelist()}
    sheets = {name for name in cells if re.fullmatch(r"xl/worksheets/sheet\d+\.xml|xl/sharedStrings\.xml", name)}
    assert leaks(b"".join(cells[name] for name in sheets), IDS, NAMES), "the steward's has them"
    for name in cells.keys() - sheets:
        assert leaks(name.encode() + cells[name], IDS, NAMES) == set(), name
