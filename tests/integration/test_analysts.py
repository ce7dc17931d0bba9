"""The analysts' tables: the ten questions of docs/*/analysts.md, what the tables hold, and what they must not hold."""

import re

import psycopg
import pytest

from tests.integration.nights import City, rows
from warehouse.services import postgres
from warehouse.settings import PROJECT

pytestmark = pytest.mark.integration


def questions(lang: str) -> list[str]:
    text = (PROJECT / "docs" / lang / "analysts.md").read_text(encoding="utf-8")
    return re.findall(r"^```sql\n(.*?)^```$", text, re.M | re.S)


def test_both_languages_ask_the_same_ten_questions() -> None:
    assert len(questions("en")) == 10
    assert questions("en") == questions("zh")


def test_an_analyst_gets_an_answer_to_each_question(city: City) -> None:
    with psycopg.connect(postgres.conninfo(city.after(4), role="bureau_analyst"), autocommit=True) as connection:
        for number, statement in enumerate(questions("en"), start=1):
            if number == 6:
                continue  # a small city may have no loan that is in arrears
            found = connection.execute(statement.encode()).fetchall()
            assert found and any(value is not None for value in found[0]), f"question {number}"
        connection.execute(questions("en")[5].encode())


@pytest.mark.parametrize(
    ("indicator", "counted"),
    [
        ("ENT_NEW", "from mart.fct_registration_event where in_startup_scope and event = 'birth' and event_date"),
        ("ENT_EXIT", "from mart.fct_registration_event where in_startup_scope and event = 'exit' and event_date"),
        ("LOAN_ISS_N", "from mart.fct_loan_event where event = '放款' and event_date"),
        (
            "TRN_N",
            "from (select distinct on (person_id) * from mart.fct_training where extract(year from end_date) = 2010) as t "
            "where end_date",
        ),
    ],
)
def test_records_come_to_the_published_figure(city: City, indicator: str, counted: str) -> None:
    settings = city.after(4)
    published = rows(
        settings,
        "select numerator from mart.indicator_values "
        "where indicator = %s and period = '2010' and geography = '520381' and breakdown = 'total'",
        [indicator],
    )
    assert rows(settings, f"select count(*) {counted} between '2010-01-01' and '2010-12-31'") == published
    assert published[0][0] > 0


def test_balances_of_loans_come_to_the_published_figure(city: City) -> None:
    statement = """
        select (select sum(case when event = '放款' then amount_cny when event in ('还款', '代偿') then -amount_cny else 0 end)
                from mart.fct_loan_event where event_date <= '2010-12-31'),
            (select numerator from mart.indicator_values where indicator = 'LOAN_BAL' and period = '2010' and geography = '520381'
                and breakdown = 'total')
    """
    counted, published = rows(city.after(4), statement)[0]
    assert counted == published > 0


def test_records_name_no_pseudonym_and_no_id(city: City) -> None:
    settings = city.after(4)
    of_mart = "from information_schema.tables where table_schema = 'mart' and starts_with(table_name, 'fct_')"
    found = rows(settings, f"select table_name {of_mart}")
    tables = {name for (name,) in found}
    assert tables >= {
        "fct_registration_event", "fct_tax_payment", "fct_loan_event", "fct_employment_spell", "fct_training",
        "fct_survey_response",
    }  # fmt: skip
    for table in tables:
        assert rows(settings, f"select count(*) from mart.{table} as t where t::text ~ '[0-9a-f]{{64}}|[0-9]{{17}}[0-9X]'") == [
            (0,)
        ]
    assert rows(settings, "select count(*) from mart.dim_entity as t where t::text ~ '[0-9a-f]{64}'") == [(0,)]


def test_a_record_is_told_by_its_row(city: City) -> None:
    for table in ("fct_tax_payment", "fct_employment_spell"):
        counted = rows(city.after(4), f"select count(*), count(distinct row_id), count(row_id) from mart.{table}")[0]
        assert counted[0] == counted[1] == counted[2] > 0
    found = dict(
        rows(city.after(4), "select linked_by, bool_and(employer_id is not null) from mart.fct_employment_spell group by 1")
    )
    assert found.pop(None, False) is False and found.keys() <= {"regno", "regno_of_several"} and all(found.values())


def test_taxes_of_the_fifth_question_are_the_published_ones(city: City) -> None:
    settings = city.after(4)
    published = rows(
        settings,
        "select breakdown, round(sum(value) filter (where indicator = 'TAX_YOUNG'), 2), "
        "round(sum(value) filter (where indicator = 'TAX_RELIEF') / 10000, 2) from mart.indicator_values "
        "where period = '2010' and geography = '520381' and breakdown_type = 'sector' "
        "group by breakdown order by breakdown",
    )
    asked = {sector: (paid, relief) for sector, paid, relief in rows(settings, questions("en")[4])}
    assert asked == {sector: (paid, relief) for sector, paid, relief in published} and any(relief for _, relief in asked.values())
