"""A server of one's own comes with few locks: a build says so before PostgreSQL runs out of them."""

import psycopg
import pytest

from tests.integration.conftest import Server
from warehouse.build import refuse_few_locks
from warehouse.errors import BureauError

pytestmark = pytest.mark.integration
_TABLES = "do $$ begin for i in {0}..{1} loop execute format('create table raw.d%s ()', i); end loop; end $$"


@pytest.mark.parametrize("bare_server", ["wheel"], indirect=True)
def test_too_few_locks_for_the_partitions_are_said(bare_server: Server) -> None:
    with psycopg.connect(bare_server.owner, autocommit=True) as connection:
        connection.execute("create schema raw")
        connection.execute(_TABLES.format(1, 500).encode())
        refuse_few_locks(connection)
        for first in range(501, 2200, 500):
            connection.execute(_TABLES.format(first, first + 499).encode())
        with pytest.raises(BureauError) as caught:
            refuse_few_locks(connection)
    assert caught.value.values["setting"] == 64
    assert caught.value.values["wanted"] > 2 * 64
