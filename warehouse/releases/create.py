"""A release is made: the figures of a build are compared with the last approved release, frozen and chained."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg

from warehouse.errors import BureauError
from warehouse.figure import COLUMNS
from warehouse.releases.calendar import Turn, embargo_of
from warehouse.releases.chain import columns, lines, linked, order
from warehouse.releases.moves import SAME, STAGED, listed, lost_figures, moved_totals
from warehouse.releases.register import Connection, Release, all_releases, find_release, last_approved
from warehouse.releases.seal import seals, start_of
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings
from warehouse.who import asker

_LOCK = 7203812  # one release is made at a time: numbers and heads follow each other


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a build (None: the newest published), what it corrects, why figures moved, and the period of the release
    calendar that it is for (None: it is out of turn)."""

    title: str
    build_id: int | None = None
    embargo_until: datetime | None = None
    corrects: int | None = None
    reason: str | None = None
    period: str | None = None


def create(settings: Settings, wanted: Wanted) -> Release:
    """Freeze a build's figures as the next release, which then waits for approval.

    Raises BureauError when the build is not a published one, when a series or a value of the last approved release would be lost
    ("release.lost"), when a value moved by more than the band and no reason is given ("release.moved"), and when a correction has
    no reason; of a period, when the calendar is against it (`embargo_of`).
    """
    if wanted.corrects is not None and not wanted.reason:
        raise BureauError("release.no_reason")
    reader, writer = conninfo(settings, role="bureau_evaluator"), conninfo(settings, role="bureau_owner")
    with psycopg.connect(reader, autocommit=True) as reading, psycopg.connect(writer) as writing:
        writing.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        build_id, business_date = _build(reading, wanted.build_id)
        before = last_approved(reading)
        if wanted.corrects is not None:
            find_release(reading, wanted.corrects)
        embargo = wanted.embargo_until
        if wanted.period is not None:
            turn = Turn(wanted.period, business_date, embargo, wanted.corrects is not None, wanted.reason is not None)
            embargo = embargo_of(settings, turn, all_releases(reading), datetime.now(UTC))
        _stage(reading, build_id, before)
        if before is not None:
            _refuse_losses(reading)
            if not wanted.reason:
                _refuse_moves(reading, settings.release_band_pct)
        row = writing.execute("select coalesce(max(release_id), 0) + 1 from release.release").fetchone()
        assert row is not None
        release_id = int(row[0])
        # The head is known when all figures are: release and figures stand in tables of the session first
        writing.execute("create temp table drafted (like release.release including defaults) on commit drop")
        writing.execute("create temp table frozen (like release.figure including defaults) on commit drop")
        row = reading.execute("select count(*) from new").fetchone()
        assert row is not None
        writing.execute(
            "insert into pg_temp.drafted (release_id, title, build_id, business_date, previous_release, corrects, reason, "
            "embargo_until, period, figures, inputs_digest, previous_head, head, created_by) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)",
            [
                release_id, wanted.title, build_id, business_date, before.release_id if before else None, wanted.corrects,
                wanted.reason, embargo, wanted.period, row[0], inputs_digest(reading, build_id), before.head if before else None,
                asker().login,
            ],
        )  # fmt: skip
        sealed = seals(writing, "pg_temp.drafted", release_id, build_id)
        writing.execute("update pg_temp.drafted set head = %s", [_freeze(reading, writing, release_id, start_of(sealed))])
        writing.execute("insert into release.release select * from pg_temp.drafted")
        writing.execute("insert into release.figure select * from pg_temp.frozen")
        with writing.cursor().copy("copy release.seal (release_id, kind, number, hash) from stdin") as copy:
            for one in sealed:
                copy.write_row((release_id, one.kind, one.number, one.hash))
        writing.execute("analyze release.figure")  # mart.indicator_values looks into it for every figure that changed since
        writing.commit()
        return find_release(reading, release_id)


def inputs_digest(connection: Connection, build_id: int) -> str:
    """sha256 (hex) over what the ledger says of the deliveries that a build was made from."""
    row = connection.execute(
        """
        select encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', d.delivery_id, d.source, d.region, d.business_date,
            d.sequence, d.kind, d.file_name, d.sha256, d.rows_in_file, d.rows_accepted, d.rows_quarantined), chr(10)
            order by d.delivery_id), ''), 'UTF8')), 'hex')
        from ledger.build_input as i inner join ledger.delivery as d on i.delivery_id = d.delivery_id
        where i.build_id = %s
        """,
        [build_id],
    ).fetchone()
    assert row is not None
    return str(row[0])


def _build(connection: Connection, build_id: int | None) -> tuple[int, date]:
    row = connection.execute(
        "select build_id, business_date from ledger.build where status = 'published' and build_id = coalesce(%s, build_id) "
        "order by build_id desc limit 1",
        [build_id],
    ).fetchone()
    if row is None:
        raise BureauError("release.no_build", build=build_id if build_id is not None else "-")
    return row[0], row[1]


def _stage(reading: Connection, build_id: int, before: Release | None) -> None:
    """The build's figures by the method versions in force, those that differ from the last release as revised (unless they are
    final), and that release's."""
    listed = ", ".join(COLUMNS)
    reading.execute(
        f"create temp table old as select {listed} from release.figure inner join evidence.versions_in_force(%s) as v "
        "using (indicator, method_version) where release_id = %s".encode(),
        [before.build_id if before else 0, before.release_id if before else 0],
    )
    reading.execute("analyze old")
    revised = (
        "case when n.status <> 'F' and o.indicator is not null and n.value is distinct from o.value then 'R' else n.status end"
    )
    chosen = ", ".join(revised if name == "status" else f"n.{name}" for name in COLUMNS)
    reading.execute(
        f"create temp table new ({', '.join(COLUMNS)}) as select {chosen} from mart.indicator_values_as_of(%s::integer) as n "
        "inner join evidence.versions_in_force(%s) as v on n.indicator = v.indicator and n.method_version = v.method_version "
        f"left join old as o on {SAME}".encode(),
        [build_id, build_id],
    )
    reading.execute("analyze new")


def _refuse_losses(reading: Connection) -> None:
    if lost := lost_figures(reading, STAGED):
        raise BureauError("release.lost", count=len(lost), figures=listed(lost))


def _refuse_moves(reading: Connection, band_pct: Decimal) -> None:
    if moved := moved_totals(reading, STAGED, band_pct):
        raise BureauError("release.moved", count=len(moved), band=band_pct, figures=listed(moved))


def _freeze(reading: Connection, writing: Connection, release_id: int, start: str) -> str:
    """Copy the staged figures with number and hash; the head."""
    listed = ", ".join((*COLUMNS, "release_id", "number", "hash"))
    head = start
    with writing.cursor().copy(f"copy pg_temp.frozen ({listed}) from stdin".encode()) as copy:
        staged = lines(reading, f"select {columns('n')} from new as n order by {order('n')}")
        for number, one in enumerate(linked(staged, start), start=1):
            head = one.hash
            copy.write(one.line + f"\t{release_id}\t{number}\t{head}\n".encode())
    return head
