"""What the ledger says already of a file that lies in the inbox: whether there is nothing left to do, told without reading it.

A ten-year inbox is looked through every night, and a refused file lies there until the department takes it away.
"""

from __future__ import annotations

from ingest import archive, ledger
from ingest.archive import Archived
from ingest.context import LoadContext
from ingest.ddl import Conn
from ingest.errors import DeliveryRefused
from ingest.inbox import Found, Inbox
from ingest.ledger import Delivery
from ingest.manifest import agreed, mark_of, names_bytes
from ingest.spec import SourceSpec


def is_settled(
    connection: Conn, ctx: LoadContext, spec: SourceSpec, inbox: Inbox, found: Found, known: Delivery, manifest_bytes: bytes
) -> bool:
    """Whether the file was settled before and nothing says that it is another now."""
    if known.status in ("accepted", "replaced", "duplicate"):
        return _stands(connection, ctx, known, inbox, inbox.detailed(found), manifest_bytes)
    if not _is_judged(ctx, known, manifest_bytes):
        return False
    try:
        agreed(found, spec, ctx.region, ctx.today, manifest_bytes)
    except DeliveryRefused as refusal:
        if known.reason == str(refusal):
            return True  # whatever the bytes are
    if known.sha256 is not None and names_bytes(manifest_bytes, known.sha256):
        return True  # other bytes would be refused for not being the manifest's
    return known.file_version is not None and known.file_version == inbox.version(found.file_name)


def is_known(ctx: LoadContext, known: Delivery, archived: Archived, manifest_bytes: bytes) -> bool:
    """Whether nothing is left to do for bytes that were read: refused before under this manifest, or waiting for `accept`."""
    if known.sha256 != archived.sha256:
        return False
    return _is_judged(ctx, known, manifest_bytes) or (known.status == "loading" and known.rows_in_file is not None)


def _is_judged(ctx: LoadContext, known: Delivery, manifest_bytes: bytes) -> bool:
    """Whether something was refused under this manifest, and not only for having come too early."""
    if known.status not in ("refused", "conflict") or known.manifest != mark_of(manifest_bytes):
        return False
    return not (known.reason or "").startswith("file.future_date") or (known.business_date or ctx.today) > ctx.today


def _stands(connection: Conn, ctx: LoadContext, known: Delivery, inbox: Inbox, found: Found, manifest_bytes: bytes) -> bool:
    """Whether an accepted file has kept its size and was not written to since, under a manifest that still names its bytes."""
    if known.sha256 is None or known.sha256.encode() not in manifest_bytes.lower():
        return False
    stored = archive.path_of(ctx.archive, known.sha256)
    size = stored.stat().st_size if stored.exists() else ledger.removed_size(connection, known.sha256)
    if found.changed_at is None:  # a server that does not say when: by the version that it names
        return known.file_version is not None and known.file_version == inbox.version(found.file_name)
    return size == found.size and found.changed_at <= known.received_at
