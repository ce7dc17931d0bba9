"""The first step of a source's night: what lies complete in the inbox goes through the archive into a table of its own.

Every decision is recorded in `ledger.delivery`. Killed anywhere and run again it ends the same: a delivery whose table is whole
is not loaded twice, one that was cut off is loaded anew.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from ingest import archive, ledger
from ingest.alone import take_lock
from ingest.archive import Incoming
from ingest.context import LoadContext
from ingest.ddl import Conn, drop_partition
from ingest.errors import DeliveryRefused, KeyMissing, LinkFound
from ingest.inbox import Found, Inbox, endings_of, scan
from ingest.known import is_known, is_settled
from ingest.ledger import CheckResult, Delivery
from ingest.load import load
from ingest.manifest import Manifest, agreed, is_cut_off, mark_of, other_bytes, unlike_the_manifest
from ingest.pseudonym import fingerprint
from ingest.readers.packed import unpacked
from ingest.readers.records import Stream
from ingest.spec import SourceSpec
from ingest.strangers import note_strangers

UNSETTLED = "file.unsettled"
"""How the reason of a delivery begins that waits because its files are still being written."""

_LINK = DeliveryRefused("file.link", "file", "symbolic links are not followed")
_SETTLED = ("accepted", "replaced", "duplicate", "refused", "conflict")


def take_in(ctx: LoadContext, spec: SourceSpec, up_to: date) -> list[int]:
    """Load every complete delivery of the source with a business date up to `up_to` that is not settled yet.

    Gives the numbers of the deliveries with status `loading`, in the fold's order: those wait for `accept`. Refused, conflicting,
    duplicate, waiting and incomplete ones are recorded. Raises KeyMissing when the key is not the database's.
    """
    with Inbox(ctx.inbox, spec.department) as inbox, ctx.connect() as connection:
        # What a crash of the machine would lose is taken in once more; what accepting commits is on the disk, and this before it
        connection.execute("set synchronous_commit = off")
        take_lock(connection, f"take_in {spec.name} {ctx.region}")
        _check_key(connection, ctx.key)  # behind the lock: the key may have been changed while this waited
        archive.sweep(ctx.archive)
        note_strangers(connection, inbox, spec, ctx.region)
        for found in scan(inbox, spec):
            if found.state in ("waiting", "incomplete"):
                _note_unfinished(connection, ctx, spec, found)
            elif found.business_date is None or found.business_date <= up_to or found.business_date > ctx.today:
                _take_one(connection, ctx, spec, inbox, found)
        loading = ledger.by_status(connection, spec.name, ctx.region, ["loading"], up_to)
    return [delivery.delivery_id for delivery in loading if delivery.rows_in_file is not None]


def _check_key(connection: Conn, key: bytes) -> None:
    if not key:
        raise KeyMissing("there is no pseudonym key")
    row = connection.execute("select fingerprint from ledger.pseudonym_key order by version desc limit 1").fetchone()
    if row is not None and row[0] != fingerprint(key):
        raise KeyMissing("the pseudonym key is not the one that this database was begun with")


def _note_unfinished(connection: Conn, ctx: LoadContext, spec: SourceSpec, found: Found) -> None:
    """A data file without manifest waits; a manifest without data is incomplete. Said once, and again when it changes."""
    reason = "there is no manifest yet" if found.state == "waiting" else "there is a manifest without its data file"
    with connection.transaction():
        known = ledger.latest_of_file(connection, spec.name, found.file_name)
        if known is None:
            ledger.record(connection, {**_named(ctx, spec, found), "status": found.state, "reason": reason})
        elif known.status in ("waiting", "incomplete") and known.status != found.state:
            ledger.update(connection, known.delivery_id, {"status": found.state, "reason": reason})


def _wait_for(connection: Conn, ctx: LoadContext, spec: SourceSpec, found: Found, known: Delivery | None, what: str) -> None:
    """Record that a delivery's files are still being written: it is looked at again, and nothing of it stands meanwhile."""
    values = {
        **_named(ctx, spec, found),
        "status": "waiting",
        "sha256": None,
        "rows_in_file": None,
        "reason": f"{UNSETTLED} at {what}: it is still being written",
    }
    with connection.transaction():
        known = _locked(connection, ctx, spec, known)
        if known is None or known.status in _SETTLED:
            ledger.record(connection, values)
        else:
            drop_partition(connection, spec, known.delivery_id)
            ledger.update(connection, known.delivery_id, values)


def _take_one(connection: Conn, ctx: LoadContext, spec: SourceSpec, inbox: Inbox, found: Found) -> None:
    known = _known(connection, spec, found)
    if found.state == "link":
        return _settle_unread(connection, ctx, spec, found, known, _LINK)
    if found.state == "several":
        refusal = DeliveryRefused("file.several", "file name", "data files with different endings have this name")
        return _settle_unread(connection, ctx, spec, found, known, refusal)
    try:
        manifest_bytes = inbox.manifest(found.stem)
    except FileNotFoundError:
        return None  # taken away since it was listed
    except LinkFound:
        return _settle_unread(connection, ctx, spec, found, known, _LINK)
    if known is not None and is_settled(connection, ctx, spec, inbox, found, known, manifest_bytes):
        return
    if is_cut_off(manifest_bytes) and not inbox.has_settled(found, ctx.settle):
        return _wait_for(connection, ctx, spec, found, known, "the manifest")
    version = inbox.version(found.file_name)
    try:
        data = inbox.open(found.file_name)
    except FileNotFoundError:
        return None
    except LinkFound:
        return _settle_unread(connection, ctx, spec, found, known, _LINK)
    with data as file, archive.Incoming(ctx.archive, file) as incoming:
        if known is not None and known.sha256 is not None and is_known(ctx, known, incoming.whole(), manifest_bytes):
            incoming.finish()  # a damaged copy in the archive is mended
            return _remember(connection, inbox, found, known.delivery_id, version)
        delivery_id = _begin(connection, ctx, spec, found, known, manifest_bytes)
        try:
            manifest = agreed(found, spec, ctx.region, ctx.today, manifest_bytes)
            _load(connection, ctx, spec, found, delivery_id, incoming, manifest)
            _remember(connection, inbox, found, delivery_id, version)
        except DeliveryRefused as refusal:
            unlike = unlike_the_manifest(manifest_bytes, incoming.whole().sha256)
            if unlike is not None and not inbox.has_settled(found, ctx.settle):
                known = ledger.latest_of_file(connection, spec.name, found.file_name)
                return _wait_for(connection, ctx, spec, found, known, "the data file")
            found_wrong = unlike or refusal
            values = {"status": "refused", "sha256": incoming.finish().sha256, "reason": str(found_wrong)}
            with connection.transaction():
                ledger.update(connection, delivery_id, values)
                _write_refusal(connection, delivery_id, found_wrong)
            _remember(connection, inbox, found, delivery_id, version)


def _remember(connection: Conn, inbox: Inbox, found: Found, delivery_id: int, version: str | None) -> None:
    """Which file it was that was read, unless it has changed since: it is not read again for nothing."""
    if version is not None and version == inbox.version(found.file_name):
        with connection.transaction():
            ledger.update(connection, delivery_id, {"file_version": version})


def _known(connection: Conn, spec: SourceSpec, found: Found) -> Delivery | None:
    """The newest record of the file; else of the same delivery under another ending (now packed) that nothing became of yet."""
    return ledger.latest_of_file(connection, spec.name, found.file_name) or ledger.unfinished(
        connection, spec.name, [f"{found.stem}{ending}" for ending in endings_of(spec)]
    )


def _load(
    connection: Conn,
    ctx: LoadContext,
    spec: SourceSpec,
    found: Found,
    delivery_id: int,
    incoming: Incoming,
    manifest: Manifest,
) -> None:
    """Load the delivery while it comes in, all or nothing; the file is safe in the archive before the rows stand."""
    if _stands_already(connection, delivery_id, manifest, incoming):
        return
    with connection.transaction():
        with _data(spec, found, incoming) as data:
            loaded = load(connection, spec, delivery_id, data, manifest, ctx.key)
        if incoming.whole().sha256 != manifest.sha256:
            raise other_bytes()
        sha256 = incoming.finish().sha256
        warnings = [CheckResult(rule, "warn", None, None, 1, None, None, None, False) for rule, _ in loaded.warnings]
        ledger.write_checks(connection, delivery_id, warnings)
        ledger.update(
            connection,
            delivery_id,
            {
                "kind": manifest.kind,
                "sha256": sha256,
                "rows_in_file": loaded.rows,
                "warnings": len(warnings),
                "reason": _places(loaded.warnings),
            },
        )


def _data(spec: SourceSpec, found: Found, incoming: Incoming) -> AbstractContextManager[Stream | Path]:
    """What is to be read: a text while it comes in, a zip and other containers when they are whole."""
    if found.is_packed:
        return unpacked(spec, incoming.whole().path, found.stem)
    return nullcontext(incoming if spec.is_text and not incoming.is_read else incoming.whole().path)


def _named(ctx: LoadContext, spec: SourceSpec, found: Found) -> dict[str, Any]:
    return {
        "source": spec.name,
        "department": spec.department,
        "region": ctx.region,  # a file of another region is this warehouse's to refuse
        "business_date": found.business_date,
        "sequence": found.sequence,
        "file_name": found.file_name,
    }


def _begin(
    connection: Conn, ctx: LoadContext, spec: SourceSpec, found: Found, known: Delivery | None, manifest_bytes: bytes
) -> int:
    """A row with status `loading`: the waiting or cut-off one of this file, else a new one. Tables of a cut-off load go."""
    values = {
        **_named(ctx, spec, found),
        "sha256": None,
        "status": "loading",
        "reason": None,
        "rows_in_file": None,
        "manifest": mark_of(manifest_bytes),
    }
    with connection.transaction():
        known = _locked(connection, ctx, spec, known)
        if known is None or known.status in _SETTLED:
            return ledger.record(connection, values)
        drop_partition(connection, spec, known.delivery_id)
        ledger.update(connection, known.delivery_id, values)
        # the moment of complete arrival: what changes later is looked at again
        connection.execute("update ledger.delivery set received_at = now() where delivery_id = %s", [known.delivery_id])
    return known.delivery_id


def _locked(connection: Conn, ctx: LoadContext, spec: SourceSpec, known: Delivery | None) -> Delivery | None:
    """The delivery as it stands until the transaction ends: another run may have accepted it since it was looked up."""
    ledger.lock_source(connection, spec.name, ctx.region)
    return None if known is None else ledger.delivery(connection, known.delivery_id)


def _stands_already(connection: Conn, delivery_id: int, manifest: Manifest, incoming: Incoming) -> bool:
    """The same name accepted before: same bytes are a duplicate, others a conflict."""
    stands = ledger.standing(connection, manifest.source, manifest.region, manifest.business_date, manifest.sequence)
    if stands is None:
        return False
    sha256 = incoming.finish().sha256
    if sha256 != manifest.sha256:
        raise other_bytes()
    status, bytes_ = ("duplicate", "the same") if stands.sha256 == sha256 else ("conflict", "other")
    reason = f"file.{status}: delivery {stands.delivery_id} stands under this name with {bytes_} bytes"
    values = {"status": status, "sha256": sha256, "kind": manifest.kind, "reason": reason}
    with connection.transaction():
        ledger.update(connection, delivery_id, values)
    return True


def _settle_unread(
    connection: Conn, ctx: LoadContext, spec: SourceSpec, found: Found, known: Delivery | None, refusal: DeliveryRefused
) -> None:
    if known is None or known.reason != str(refusal):
        with connection.transaction():
            number = ledger.record(connection, {**_named(ctx, spec, found), "status": "refused", "reason": str(refusal)})
            _write_refusal(connection, number, refusal)


def _write_refusal(connection: Conn, delivery_id: int, refusal: DeliveryRefused) -> None:
    """Of a delivery that is refused before its rows are asked, the rule that it broke is its result."""
    result = CheckResult(refusal.rule, "refuse", None, 1, 1, 1.0, None, None, passed=False)
    ledger.write_checks(connection, delivery_id, [result])


def _places(warnings: tuple[tuple[str, str], ...]) -> str | None:
    return "; ".join(f"{rule} at {place}" for rule, place in warnings) or None
