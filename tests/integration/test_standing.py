"""A formula that figures were computed with stands; one with which nothing was computed yet may change."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Connect
from warehouse import standing
from warehouse.errors import BureauError
from warehouse.indicators import Indicator, load_indicators

pytestmark = pytest.mark.integration

Connection = psycopg.Connection[tuple[object, ...]]
EXIT = load_indicators()["ENT_EXIT"]
OTHER_ACCOUNT = EXIT.model_copy(update={"numerator": EXIT.numerator.model_copy(update={"accounts": {"entity.purge": 1}})})
OTHER_TEXT = EXIT.model_copy(update={"name": EXIT.name.model_copy(update={"en": "another"}), "needs": ("survey",)})


@pytest.fixture
def build(connect: Connect) -> Iterator[Connection]:
    """A warehouse with a build that nothing was computed in yet, as it is before its first figures."""
    connection = connect()
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into ledger.build (build_id, business_date, received_up_to, region, series_start) "
            "overriding system value values (1, '2010-12-31', now(), '520381', '2009-01-01')"
        )
        yield connection


def hold(connection: Connection, monkeypatch: pytest.MonkeyPatch, *indicators: Indicator) -> None:
    monkeypatch.setattr(standing, "load_indicators", lambda: {str(n): one for n, one in enumerate(indicators)})
    standing.hold_formulas(connection, 1)


def compute(connection: Connection) -> None:
    connection.execute("create table evidence.cell_change as select 'ENT_EXIT' as indicator, 'v1' as method_version")


def test_a_changed_formula_is_refused_and_a_new_version_is_not(build: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(build, monkeypatch, EXIT)
    compute(build)
    hold(build, monkeypatch, EXIT, OTHER_TEXT)
    with pytest.raises(BureauError) as caught:
        hold(build, monkeypatch, OTHER_ACCOUNT)
    assert caught.value.key == "build.formula_changed" and caught.value.values == {"indicators": "ENT_EXIT (v1)"}
    hold(build, monkeypatch, EXIT, OTHER_ACCOUNT.model_copy(update={"method_version": "v2"}))
    versions = build.execute("select method_version, formula -> 'numerator' ->> 'accounts' from ledger.formula order by 1")
    assert versions.fetchall() == [("v1", '{"entity.exit": 1}'), ("v2", '{"entity.purge": 1}')]


def test_a_formula_may_change_while_nothing_is_computed_with_it(build: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(build, monkeypatch, EXIT)
    hold(build, monkeypatch, OTHER_ACCOUNT)
    compute(build)
    with pytest.raises(BureauError):
        hold(build, monkeypatch, EXIT)
    hold(build, monkeypatch, OTHER_ACCOUNT)


def test_a_published_formula_stands_also_where_there_was_nothing_to_compute(
    build: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its figures say 0 or that there is no denominator, and a release has sealed it."""
    hold(build, monkeypatch, EXIT)
    build.execute("update ledger.build set status = 'published', finished_at = now()")
    with pytest.raises(BureauError) as caught:
        hold(build, monkeypatch, OTHER_ACCOUNT)
    assert caught.value.key == "build.formula_changed"


def test_all_formulas_of_the_project_are_held(build: Connection) -> None:
    standing.hold_formulas(build, 1)
    standing.hold_formulas(build, 1)
    assert build.execute("select count(*) from ledger.formula").fetchone() == (len(load_indicators()),)
