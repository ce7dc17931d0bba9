"""What lies in a figure's cell and does not count in it: all of the register's units, and the rows put aside."""

from __future__ import annotations

import csv
import io
import json

import pytest

from ingest.spec import load_spec
from tests.integration.nights import City, rows
from tests.integration.personal import delivered_personal
from warehouse.cli.trace import as_json as trace_json
from warehouse.cli.trace import excluded_lines
from warehouse.excluded import excluded
from warehouse.row_story import tell
from warehouse.settings import Settings
from warehouse.trace import trace
from warehouse.trace_page import as_csv as trace_csv
from warehouse.trace_page import as_html as trace_page

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def settings(city: City) -> Settings:
    return city.after(4)


def test_counted_and_excluded_units_are_all_of_the_cell(settings: Settings) -> None:
    """Entities of a town: none is missing, none stands on both sides, and the reasons are what the register says."""
    town = rows(settings, "select town from register.reg_entity where not in_startup_scope group by 1 order by count(*) desc")[0][
        0
    ]
    found = trace(settings, "ENT_STK", "2010-06", geography=town, limit=None)
    beside = excluded(settings, found.figure, limit=None)
    counted = {unit.unit_id for unit in found.numerator.units}
    reasons = {unit.unit_id: set(unit.reasons) for unit in beside.units}
    assert {unit.role for unit in beside.units} == {"numerator"} and len(reasons) == len(beside.units)
    register = {
        row[0]: row[1:]
        for row in rows(
            settings,
            "select unit_key, alive, in_startup_scope, start_date > '2010-06-30', end_date <= '2010-06-30' "
            "from register.reg_entity where town = %s",
            [town],
        )
    }
    assert not counted & reasons.keys() and counted | reasons.keys() >= register.keys()
    assert all(reasons[key] == {"reversed"} for key in reasons.keys() - register.keys()), "moved to another town"
    for key, (alive, in_scope, is_later, has_ended) in register.items():
        if not alive or not in_scope:
            assert reasons[key] & {"gone", "out_of_scope", "reversed"}
        elif is_later:
            assert "later" in reasons[key]
        elif has_ended:
            assert "balanced" in reasons[key]
        else:
            assert key in counted
    assert {"later", "balanced", "out_of_scope"} <= set().union(*reasons.values())
    assert beside.counts["numerator"]["out_of_scope"] == sum("out_of_scope" in one for one in reasons.values()) > 0
    assert len(excluded(settings, found.figure, limit=3).units) == 3


def test_rows_put_aside_stand_beside_the_figures_that_they_may_belong_to(settings: Settings) -> None:
    held = {
        row[0]: row[1:]
        for row in rows(
            settings,
            "select q.row_id, array_to_string(q.key, chr(31), ''), q.reasons from quarantine.registrations as q "
            "inner join ledger.delivery as d using (delivery_id) where d.status = 'accepted' and q.settled_by is null",
        )
    }
    assert held
    standing = {
        row[0]: (row[1] if row[3] else None, row[2])
        for row in rows(
            settings,
            "select f.unit_key, e.town, f.row_id, e.in_startup_scope from register.fold_registrations as f "
            "inner join register.reg_entity as e on f.unit_key = e.unit_key and e.alive",
        )
    }
    known = {row for row, (key, _) in held.items() if key in standing}
    places = {settings.region, *(town for row in known if (town := standing[held[row][0]][0]))}
    for geography in sorted(places):
        figure = trace(settings, "ENT_EXIT", "2010", geography=geography, limit=1).figure
        shown = {one.row.row_id: one for one in excluded(settings, figure, limit=1).rows if one.row.source == "registrations"}
        assert shown.keys() - known == held.keys() - known, "nobody can say where the others are"
        towns = {row: standing[held[row][0]][0] for row in known}
        assert shown.keys() & known == {row for row, town in towns.items() if town and geography in (settings.region, town)}
        for row, one in shown.items():
            key, reasons = held[row]
            assert (one.rules, one.instead) == (tuple(reasons), standing[key][1] if key in standing else None)
            assert one.row.line is not None


def test_what_is_excluded_reads_the_same_in_every_form_and_names_nobody(settings: Settings) -> None:
    found = trace(settings, "SURV_LEGAL_1", "2010", limit=5)
    beside = excluded(settings, found.figure, limit=5)
    assert {unit.role for unit in beside.units} == {"numerator", "denominator"} and beside.rows
    document = json.loads(trace_json(found, beside))
    assert [unit["unit_id"] for unit in document["excluded"]["units"]] == [unit.unit_id for unit in beside.units]
    lines = list(csv.DictReader(io.StringIO(trace_csv(found, beside))))
    aside = [line for line in lines if line["role"] == "put_aside"]
    assert [int(line["row_id"]) for line in aside] == [one.row.row_id for one in beside.rows]
    assert [line["reasons"] for line in aside] == [";".join(one.rules) for one in beside.rows]
    assert {line["reasons"] for line in lines if line["role"] == "numerator"} == {""}
    pages = [trace_page(found, lang, beside) for lang in ("en", "zh")]
    said = ["\n".join(excluded_lines(beside, lang)) for lang in ("en", "zh")]
    for text in (*pages, *said, trace_json(found, beside)):
        assert all(str(one.row.row_id) in text for one in beside.rows)
    assert "已计入以前各期" in pages[1] and "已计入以前各期" in said[1]
    for one in beside.rows:
        story = tell(settings, one.row.row_id)
        if any(column.is_personal for column in load_spec(story.source).columns):
            personal = [text for text in delivered_personal(settings, story) if len(text) > 4]
            assert not [text for text in personal if any(text in output for output in (*pages, *said))]
