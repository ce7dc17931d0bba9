"""A build: the figures as known at the end of business day K, from the deliveries accepted by then.

Opens a row in ledger.build, writes down its inputs, runs dbt once, and shows the result in one transaction. A build that
fails or is killed leaves its postings; the next one nets them (docs/builders/architecture.md).
"""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from os import environ
from pathlib import Path
from typing import Any

import psycopg

from warehouse.build_digest import CELL, DIGEST_METHOD, FIGURE, build_digest, seal_build
from warehouse.coding import code_rows
from warehouse.compaction import compact_months
from warehouse.dbt import compiled_marker, project_hash, run_dbt
from warehouse.errors import BureauError
from warehouse.guard import guard
from warehouse.openlineage.send import tell_build
from warehouse.services.postgres import conninfo
from warehouse.settings import PROJECT, Settings
from warehouse.standing import hold_formulas

Connection = psycopg.Connection[tuple[Any, ...]]

_LOCKS_A_RELATION = 3  # dbt's sessions that read raw at one time
LOCK = 7203811  # advisory lock: one build at a time
_REGISTER_SOURCES = ("registrations", "registry_export")  # only the one that the setting names is an input of a build


def build(settings: Settings, business_date: date) -> int:
    """Build and publish the figures at K = `business_date`; gives the build's number.

    Raises BureauError when K lies before the last published one, another build is at work, a formula that stands was changed,
    dbt fails, or the figures cannot be right (`warehouse.guard`): then the previous build stays in sight.
    """
    with only_build(settings) as connection:
        compact_months(connection, settings, business_date)
        refuse_few_locks(connection)
        build_id = _open(connection, settings, business_date)
        try:
            hold_formulas(connection, build_id)
            code_rows(settings, build_id)
            _compute(settings, connection)
            connection.execute(_GEOGRAPHIES.encode(), [build_id])
            guard(settings, connection, build_id)
            _publish(connection, build_id)
        except BaseException as error:
            _fail(settings, build_id, error)
            raise
        finally:
            tell_build(settings, build_id)
    return build_id


def last_published(connection: Connection) -> tuple[int, date] | None:
    """Number and K of the newest published build."""
    row = connection.execute(
        "select build_id, business_date from ledger.build where status = 'published' order by build_id desc limit 1"
    ).fetchone()
    return None if row is None else (row[0], row[1])


def refuse_few_locks(connection: Connection) -> None:
    """Raises BureauError when the server's lock table could not hold what a build touches: each delivery has a table of its own
    until its month is compacted.

    A server of one's own comes with 64 × 100 locks; a build that runs out of them would end with "out of shared memory".
    """
    row = connection.execute(
        """
        select
            current_setting('max_locks_per_transaction')::bigint
            * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
            current_setting('max_locks_per_transaction')::bigint,
            (select count(*) from pg_class where relnamespace = 'raw'::regnamespace and relkind in ('r', 'i'))
        """
    ).fetchone()
    assert row is not None
    slots, setting, relations = row
    needed = relations * _LOCKS_A_RELATION
    if needed > slots:
        wanted = -(-setting * needed * 2 // slots)  # room for as many deliveries again
        raise BureauError("build.few_locks", deliveries=relations // 2, setting=setting, wanted=wanted)


@contextmanager
def only_build(settings: Settings) -> Iterator[Connection]:
    """A connection that holds the lock of builds; it goes with the connection, also when the process is killed."""
    with psycopg.connect(conninfo(settings), autocommit=True) as connection:
        connection.execute("set lock_timeout = '60s'")
        try:
            connection.execute("select pg_advisory_lock(%s)", [LOCK])
        except psycopg.errors.LockNotAvailable as error:
            raise BureauError("build.already_running") from error
        connection.execute("set lock_timeout = 0")
        yield connection


def _open(connection: Connection, settings: Settings, business_date: date) -> int:
    """Write the build and its inputs: of each source and business date up to K the accepted delivery."""
    published = last_published(connection)
    if published and business_date < published[1]:
        raise BureauError("build.before_last", date=business_date, last=published[1])
    with connection.transaction():
        connection.execute(
            "update ledger.build set status = 'failed', finished_at = now(), message = 'interrupted' where status = 'running'"
        )
        row = connection.execute(
            """
            insert into ledger.build (
                business_date, received_up_to, code_commit, lock_hash, spec_hash, region, series_start, previous_digest
            ) values (
                %s, now(), %s, %s, %s, %s, %s,
                (select digest from ledger.build where status = 'published' order by build_id desc limit 1)
            ) returning build_id
            """,
            [
                business_date,
                code_commit(),
                _hash_of(PROJECT / "uv.lock"),
                _spec_hash(),
                settings.region,
                settings.series_start,
            ],
        ).fetchone()
        assert row is not None
        connection.execute(
            """
            insert into ledger.build_input (build_id, delivery_id)
            select %s, delivery_id from ledger.delivery
            where status = 'accepted' and region = %s and business_date <= %s and source <> all(%s)
            """,
            [row[0], settings.region, business_date, [name for name in _REGISTER_SOURCES if name != settings.register_source]],
        )
    return int(row[0])


def _compute(settings: Settings, connection: Connection) -> None:
    """One dbt invocation: everything when the project changed, else what a night fills (seeds, views and texts still stand)."""
    marker = compiled_marker(settings)
    whole = not marker.exists() or marker.read_text() != _made_of(connection)
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if not whole:
        arguments += [
            "--exclude-resource-type",
            "seed",
            "--exclude",
            "config.materialized:view",
            "config.materialized:table",
        ]
    else:
        marker.unlink(missing_ok=True)  # until it ends well nobody knows which seeds stand
    run_dbt(settings, arguments)
    if whole:
        marker.write_text(_made_of(connection))


def _made_of(connection: Connection) -> str:
    """The project and the database that views and seeds were made from and in."""
    row = connection.execute(
        "select applied_at::text, to_regclass('mart.indicator_values') is not null from ledger.migration order by number limit 1"
    ).fetchone()
    return f"{project_hash()} {row}"


_GEOGRAPHIES = """
    update ledger.build as b set geographies = (
        select array_agg(g.geography order by g.geography)
        from register.geography as g
        where
            b.region in (g.geography, g.parent)
            and b.business_date between coalesce(g.valid_from, '-infinity'::date) and coalesce(g.valid_to, 'infinity'::date)
    )
    where b.build_id = %s
"""


def _publish(connection: Connection, build_id: int) -> None:
    """Show the build: its figures replace those in sight, and it becomes the newest published, sealed, in one transaction."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in FIGURE.split(", ") if name not in CELL.split(", "))
    with connection.transaction():
        connection.execute(
            f"insert into evidence.indicator_value_current ({FIGURE}) select {FIGURE} from evidence.indicator_value "
            f"where build_id = %s on conflict ({CELL}) do update set {updates}",
            [build_id],
        )
        connection.execute(
            "delete from evidence.indicator_value_current as c using ledger.build as b "
            "where b.build_id = %s and c.geography <> all(b.geographies)",  # towns that have ended
            [build_id],
        )
        digest = build_digest(connection, build_id)
        seal_build(connection, build_id, digest)
        connection.execute(
            "update ledger.build set status = 'published', finished_at = clock_timestamp(), digest = %s, digest_method = %s "
            "where build_id = %s",
            [digest.whole, DIGEST_METHOD, build_id],
        )


def _fail(settings: Settings, build_id: int, error: BaseException) -> None:
    """Mark the build as failed, on a connection of its own: the first may be what broke."""
    try:
        with psycopg.connect(conninfo(settings), autocommit=True) as connection:
            connection.execute(
                "update ledger.build set status = 'failed', finished_at = now(), message = %s where build_id = %s",
                [str(error)[:2000], build_id],
            )
    except psycopg.Error:
        pass  # the next build marks it as interrupted


def code_commit() -> str | None:
    """Commit of the code at work: of the checkout, or as the image was built with (BUREAU_CODE_COMMIT)."""
    given = environ.get("BUREAU_CODE_COMMIT")
    if given or not (PROJECT / ".git").exists():
        return given
    command = ["git", "-c", f"safe.directory={PROJECT}", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _spec_hash() -> str:
    digest = hashlib.sha256(project_hash().encode())
    for path in sorted((PROJECT / "ingest" / "sources").glob("*.yml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _hash_of(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
