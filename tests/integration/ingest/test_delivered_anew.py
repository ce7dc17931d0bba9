"""A delivery that comes once more: packed now, or to mend what was damaged."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest

from ingest.accept import Verdict, accept
from ingest.archive import path_of
from ingest.context import LoadContext
from ingest.take_in import take_in
from tests.extracts import DAY, write_extract
from tests.integration.ingest.test_night import REG, good, night, query, statuses

pytestmark = pytest.mark.integration


def test_a_delivery_that_comes_packed_before_it_was_accepted_is_the_same_one(ctx: LoadContext) -> None:
    path = write_extract(REG, good(3), Path(ctx.inbox))
    assert take_in(ctx, REG, DAY) == [1]
    packed = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, path.name)
    path.unlink()
    manifest = path.with_suffix(".manifest.json")
    said = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**said, "sha256": hashlib.sha256(packed.read_bytes()).hexdigest()}), encoding="utf-8")
    assert take_in(ctx, REG, DAY) == [1]
    assert query(ctx, "select file_name, status from ledger.delivery") == [(packed.name, "loading")]
    assert accept(ctx, REG, 1, Verdict()).rows_accepted == 3


def test_bytes_that_come_again_mend_a_damaged_copy(ctx: LoadContext) -> None:
    path = write_extract(REG, good(1), Path(ctx.inbox))
    night(ctx, REG)
    ((sha256,),) = query(ctx, "select sha256 from ledger.delivery")
    copy = path_of(ctx.archive, sha256)
    content = copy.read_bytes()
    copy.chmod(0o644)
    copy.write_bytes(content[:-1])
    os.utime(path)
    night(ctx, REG)
    assert copy.read_bytes() == content and [status for _, status in statuses(ctx)] == ["accepted", "duplicate"]
