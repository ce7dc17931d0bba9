"""What an evaluator opens: figures and rows in SQL and at the command line, the way above an indicator."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.spec import all_specs
from tests.integration.nights import City, rows
from tests.integration.personal import delivered_personal
from tests.integration.reading import only_reading
from warehouse.errors import BureauError
from warehouse.excluded import excluded
from warehouse.indicators import load_indicators
from warehouse.lineage.page import as_html, as_json
from warehouse.lineage.read import lineage
from warehouse.row_story import tell
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings
from warehouse.sheet.page import as_html as sheet_page
from warehouse.sheet.read import sheet
from warehouse.trace import trace
from warehouse.trace_page import as_csv as trace_csv
from warehouse.trace_page import as_html as trace_page
from warehouse.why import vintage, why

pytestmark = pytest.mark.integration
FIGURES = 10


@pytest.fixture(scope="module")
def settings(city: City) -> Settings:
    return city.after(4)


@pytest.fixture(scope="module")
def evaluator(settings: Settings) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        yield connection


def cells(settings: Settings) -> list[tuple[str, str, str, str, str]]:
    """Figures that have units, of many indicators, one with a part of years before among them."""
    found = rows(
        settings,
        "select indicator, period, geography, breakdown_type, breakdown from mart.indicator_values where unit_count > 0 "
        "order by 1, 4, 2, 3, 5",
    )
    draw = random.Random(7)
    by_indicator: dict[str, list[Any]] = {}
    for row in found:
        by_indicator.setdefault(row[0], []).append(row)
    late = [name for name, one in load_indicators().items() if name in by_indicator and one.numerator.lag_years]
    names = [*draw.sample(late, 2), *draw.sample(sorted(by_indicator.keys() - set(late)), FIGURES)]
    return [draw.choice(by_indicator[name]) for name in names]


def test_a_figure_opened_in_sql_is_the_one_that_the_command_opens(
    settings: Settings, evaluator: psycopg.Connection[tuple[Any, ...]], tmp_path: Path
) -> None:
    without_archive = settings.model_copy(update={"home": tmp_path})  # lines are not compared: opening the files would take long
    for cell in cells(settings):
        name, period, geography, kind, member = cell
        wanted = trace(without_archive, name, period, geography=geography, breakdown=f"{kind}={member}", limit=None)
        units = evaluator.execute("select * from mart.trace_figure(%s, %s, %s, %s, %s, null)", cell).fetchall()
        totals = {
            role: (total, count)
            for role, total, count in evaluator.execute("select * from mart.trace_total(%s, %s, %s, %s, %s)", cell)
        }
        sides = {"numerator": wanted.numerator} | ({"denominator": wanted.denominator} if wanted.denominator else {})
        assert totals == {role: (side.sum, side.unit_count) for role, side in sides.items()}, cell
        assert {(row[0], row[1], row[2]): (row[3], row[4], tuple(row[5])) for row in units} == {
            (role, unit.unit_type, unit.unit_id): (unit.weight, unit.attributes, unit.row_ids)
            for role, side in sides.items()
            for unit in side.units
        }, cell


def test_pages_are_the_whole_and_the_largest_come_first_when_asked(evaluator: psycopg.Connection[tuple[Any, ...]]) -> None:
    asked = (
        "select unit_id, weight from mart.trace_figure('LOAN_ISS', '2010', page_limit => %s, page_offset => %s, by_weight => %s)"
    )
    for by_weight in (False, True):
        whole = evaluator.execute(asked, [None, 0, by_weight]).fetchall()
        pages = [evaluator.execute(asked, [7, start, by_weight]).fetchall() for start in range(0, len(whole) + 7, 7)]
        assert [unit for page in pages for unit in page] == whole and len(whole) > 14
        assert not by_weight or [row[1] for row in whole] == sorted((row[1] for row in whole), reverse=True)


def test_a_page_goes_on_behind_the_unit_that_the_last_one_ended_with(evaluator: psycopg.Connection[tuple[Any, ...]]) -> None:
    asked = (
        "select unit_id, weight, unit from mart.trace_figure('SURV_LEGAL_1', '2010', page_limit => %s, only_role => %s, "
        "after_unit => %s)"
    )
    for role in ("numerator", "denominator"):
        whole = evaluator.execute(asked, [None, role, 0]).fetchall()
        found: list[tuple[Any, ...]] = []
        while page := evaluator.execute(asked, [9, role, found[-1][2] if found else 0]).fetchall():
            found += page
        assert found == whole and len(whole) > 18


@pytest.mark.parametrize("call", ["'NO_SUCH', '2010'", "'ENT_NEW', '2010-13'", "'ENT_NEW', '2010', breakdown_type => 'colour'"])
def test_a_figure_that_cannot_be_is_refused(evaluator: psycopg.Connection[tuple[Any, ...]], call: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        evaluator.execute(f"select * from mart.trace_figure({call})".encode())


def test_only_evaluators_open_figures_and_rows(settings: Settings, evaluator: psycopg.Connection[tuple[Any, ...]]) -> None:
    with psycopg.connect(conninfo(settings, role="bureau_analyst"), autocommit=True) as analyst:
        for call in ("mart.trace_figure('ENT_NEW', '2010')", "mart.trace_row(1)", "ledger.put_aside(1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(f"select * from {call}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        evaluator.execute("select * from quarantine.registrations")


def test_an_accepted_row_says_where_it_counts_and_nothing_personal(settings: Settings) -> None:
    row_id = rows(settings, "select min(row_id) from raw.registrations where position('**' in entname) > 0")[0][0]
    story = tell(settings, row_id)
    assert story.state == "accepted" and story.cells is not None and not story.reasons
    assert set(story.normalised or ()) >= {"entname"} and "entname" in story.masked
    assert set(story.hidden) == {"lerep", "lerepcerno"}
    assert {one.outcome for one in story.checks} <= {"passed", "warned", "delivery"}
    assert any(one.outcome == "passed" for one in story.checks)
    usual = {one.outcome for one in story.checks if ".usual_" in one.rule}
    assert usual == {"delivery"}, "a share of blanks is the file's, not the row's"
    assert story.instead is None
    births = [one for one in story.counted if one.account == "entity.birth"]
    assert [(one.unit_id, one.weight) for one in births] == [(story.cells["pripid"], 1)]
    assert str(births[0].effective_date) == story.cells["estdate"]
    said = json.dumps(asdict(story), ensure_ascii=False, default=str)
    assert not [text for text in delivered_personal(settings, story) if text in said]


def test_postings_of_a_row_are_those_that_name_it(settings: Settings) -> None:
    """Of every source some rows of all that stand behind a posting: those of its own unit, and of units that it is linked to."""
    behind = rows(
        settings,
        "select d.source, (array_agg(distinct r.row_id order by r.row_id))[1:400] from evidence.posting as p "
        "cross join lateral unnest(p.source_rows) as r (row_id) "
        "inner join ledger.delivery as d on d.delivery_id = r.row_id >> 32 group by d.source",
    )
    assert {source for source, _ in behind} == set(all_specs()) - {"registry_export"}
    for source, row_id in [(source, one) for source, found in behind for one in found[:: max(1, len(found) // 12)]]:
        standing = rows(
            settings,
            "select account, effective_date, sum(weight) from evidence.posting where source_rows @> array[%s::bigint] "
            "group by account, effective_date, until_date, unit_id, geography, geo_scope, period_grain, applies_to "
            "having sum(weight) <> 0",
            [row_id],
        )
        found = [(one.account, one.effective_date, one.weight) for one in tell(settings, row_id).counted]
        assert sorted(found) == sorted(standing), (source, row_id)


def test_a_row_that_was_corrected_names_the_one_that_counts(settings: Settings) -> None:
    pairs = rows(
        settings,
        "select r.row_id, f.row_id from raw.registrations as r inner join register.fold_registrations as f "
        "on r.pripid = f.unit_key and r.row_id < f.row_id where f.alive order by 1 limit 3",
    )
    assert pairs and [tell(settings, before).instead for before, _ in pairs] == [after for _, after in pairs]
    assert {tell(settings, after).instead for _, after in pairs} == {None}


def test_a_row_put_aside_says_why_and_what_else_was(settings: Settings) -> None:
    held = rows(
        settings,
        "select row_id, reasons from quarantine.registrations where delivery_id = "
        "(select delivery_id from quarantine.registrations group by 1 order by count(*) desc limit 1) order by row_id",
    )
    story = tell(settings, held[0][0])
    assert story.state == "quarantined" and list(story.reasons) == held[0][1] and story.cells is None and not story.counted
    assert {one.rule for one in story.checks if one.outcome == "quarantined"} == set(held[0][1])
    assert story.excluded == len(held) > 3
    assert [(one.row_id, one.reasons) for one in story.nearby] == held[1:]
    said = json.dumps(asdict(story), ensure_ascii=False, default=str)
    assert not [text for text in delivered_personal(settings, story) if text in said]


def test_the_way_above_an_indicator_leads_to_delivered_columns(settings: Settings) -> None:
    found = lineage(settings, "ENT_NEW")
    names = {node.name: node for node in found.graph.nodes.values()}
    assert names["raw.registrations"].kind == "source" and names["mart.indicator_values"].kind == "figure"
    assert "raw.employment" not in names and "register.reg_entity" in names
    origins = {(one.model, one.column): one.origins for one in found.columns}
    model = "evidence.evi_entity__birth"
    assert "raw.registrations.estdate" in origins[model, "effective_date"]
    assert "raw.registrations.row_id" in origins[model, "source_rows"]
    assert origins[model, "weight"] == (), "the model says it: each counts 1"
    assert not found.not_understood
    used = rows(
        settings,
        "select d.sha256 from ledger.build_input i join ledger.delivery d using (delivery_id) "
        "where i.build_id = (select max(build_id) from ledger.build where status = 'published') and d.source = 'registrations'",
    )
    assert sorted(one.sha256 for one in found.inputs) == sorted(row[0] for row in used)
    document = json.loads(as_json(found))
    assert {key for edge in document["edges"] for key in edge} == {node["id"] for node in document["nodes"]}
    page = as_html(found, "zh")
    assert all(one.sha256 in page for one in found.inputs) and page.count("<rect") == len(names)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page and "<script" not in page


def test_a_sheet_of_a_target_has_everything_and_adds_up(settings: Settings) -> None:
    found = sheet(settings, "SURV_LEGAL_1_2010")
    assert found.target is not None and found.target.value == 60 and found.target.period == found.figure.period == "2010"
    assert sum(town.weight for town in found.towns) == found.figure.numerator and len(found.towns) > 3
    assert sum(town.units for town in found.towns) <= found.figure.unit_count
    assert all(town.rows >= town.units for town in found.towns)
    assert found.trend[-1].period == "2010" and found.trend[-1].value == found.figure.value
    assert {one.source for one in found.checks} == {"registrations"} and found.checks[0].put_aside > 3
    assert found.checks[0].deliveries == len(found.inputs) and not found.approvals
    assert found.identifier == f"bureau:520381/SURV_LEGAL_1/{found.figure.method_version}/2010/520381/total=total@B4"
    for lang in ("en", "zh"):
        page = sheet_page(found, lang)
        assert all(one.sha256 in page for one in found.inputs) and found.identifier in page and "qrline" in page
        assert found.target.name_zh in page if lang == "zh" else found.target.name_en in page
        assert "≠" not in page and "<script" not in page and "https://" not in page


def test_a_sheet_of_another_figure_of_a_target_has_no_threshold(settings: Settings) -> None:
    town = rows(settings, "select min(geography) from mart.indicator_values where length(geography) = 9")[0][0]
    found = sheet(settings, "SURV_LEGAL_1_2010", geography=town)
    assert found.target is None and found.figure.geography == town
    assert {one.geography for one in found.towns} <= {town}
    with pytest.raises(BureauError):
        sheet(settings, "ENT_NEW")
    with pytest.raises(BureauError):
        sheet(settings, "NO_SUCH_2010")


def test_an_opened_figure_as_csv_and_page_has_the_same_units(settings: Settings) -> None:
    found = trace(settings, "SURV_LEGAL_1", "2010", breakdown="sector=individual", limit=5)
    lines = list(csv.DictReader(io.StringIO(trace_csv(found))))
    units = [("numerator", unit) for unit in found.numerator.units]
    assert found.denominator is not None
    units += [("denominator", unit) for unit in found.denominator.units]
    assert [(line["role"], line["unit_id"], int(line["row_id"])) for line in lines] == [
        (role, unit.unit_id, row) for role, unit in units for row in unit.row_ids
    ]
    page = trace_page(found, "zh")
    assert all(unit.unit_id in page for _, unit in units) and "--offset 5" in page


def test_what_an_evaluator_opens_at_the_command_line_only_reads_and_names_nobody(settings: Settings) -> None:
    """With the role's rights alone, in a database that refuses writes; nothing that was delivered of persons comes out."""
    with only_reading(settings) as roles:
        found = trace(settings, "JOB_YOUNG", "2010", by_weight=True, limit=5)
        stories = [tell(settings, row.row_id) for unit in found.numerator.units for row in unit.source_rows[:1]]
        said = [
            trace_page(found, "zh", excluded(settings, found.figure, limit=5)),
            *(json.dumps(asdict(story), ensure_ascii=False, default=str) for story in stories),
            json.dumps(
                asdict(why(settings, "ENT_STK", "2010-11", vintage(settings, "B1"), vintage(settings, "B4"))), default=str
            ),
            as_html(lineage(settings, "ENT_NEW"), "zh"),
            sheet_page(sheet(settings, "JOB_YOUNG", "2010"), "zh"),
        ]
    assert roles == {"bureau_evaluator"}
    personal = {text for story in stories for text in delivered_personal(settings, story)}
    assert len(personal) > 5 and not [text for text in personal if any(text in one for one in said)]


OPENED = (
    "mart.trace_figure('SURV_LEGAL_1', '2010', by_weight => true)", "mart.trace_total('SURV_LEGAL_1', '2010')",
    "mart.trace_excluded('SURV_LEGAL_1', '2010')", "mart.trace_put_aside('SURV_LEGAL_1', '2010')",
    "mart.figure_causes('SURV_LEGAL_1', '2010', 1, 4)", "mart.trace_row((select min(row_id) from raw.registrations))",
    "ledger.put_aside(1)", "register.stands_instead(1)", "mart.revision_triangle", "mart.mean_revision",
    "mart.indicator_values_as_of(1)",
)  # fmt: skip


def test_an_evaluator_opens_everything_and_writes_nothing(settings: Settings) -> None:
    """In a transaction that refuses every write, with no rights but those of the role."""
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = on")
        for call in OPENED:
            connection.execute(f"select * from {call}".encode()).fetchall()
    with psycopg.connect(conninfo(settings, role="bureau_analyst"), autocommit=True) as analyst:
        for call in OPENED[:8]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(f"select * from {call}".encode())
