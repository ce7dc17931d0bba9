"""`./bureau inbox`: every department's place as it is now, those that cannot be looked into named with the reason."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.spec import all_specs
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.servers import free_port
from warehouse.cli import LazyGroup
from warehouse.errors import BureauError
from warehouse.night import take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
SPEC = all_specs()["registrations"]
STATES = {
    "registrations_520381_20101231_01.csv": "settled",
    "registrations_520381_20101231_02.csv": "waiting",
    "registrations_520381_20101231_03.csv": "incomplete",
    "registrations_520381_20101231_04.csv": "writing",
    "registrations_520381_20101231_05.csv": "new",
    "registrations_520381_20101331_06.csv": "misnamed",
    "registration_520381_20101231_07.csv": "stranger",
    "registrations_520381_20101231_08.csv.part": "writing",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Saic has one of each, hrss nothing, stats a place that is down, pboc a connection that nobody knows, sacl is misspelt."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    prepare(settings)
    try:
        inbox = Path(settings.inbox_url)
        write_extract(SPEC, fixture_rows(SPEC.name, "good"), inbox, changed={"rows": 99})
        assert take_in(settings, SPEC.name, DAY) == []
        for number in (2, 3, 4, 5, 6):
            path = write_extract(SPEC, fixture_rows(SPEC.name, "good"), inbox, sequence=number)
            if number == 2:
                path.with_suffix(".manifest.json").unlink()
            if number == 3:
                path.unlink()
            if number == 6:
                for one in (path, path.with_suffix(".manifest.json")):
                    one.rename(one.with_name(one.name.replace("1231_", "1331_")))
        (inbox / "saic" / "registration_520381_20101231_07.csv").touch()
        (inbox / "saic" / "registrations_520381_20101231_08.csv.part").touch()
        rest(inbox)
        for department in ("tax-local", "registry"):
            (inbox / department).mkdir()
        yield settings
    finally:
        postgres.stop(settings)


def rest(inbox: Path) -> None:
    """All was last written an hour before anything was taken in."""
    then = time.time() - timedelta(hours=1).total_seconds()
    for path in (inbox / "saic").iterdir():
        os.utime(path, (then, then))


@pytest.fixture
def run(home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    (tmp_path / "taxes").mkdir()
    places = {
        "stats": f"sftp://127.0.0.1:{free_port()}/in",
        "pboc": "sftp://nobody@sftp.example/in",
        "sacl": "/srv/deliveries",
        "tax-national": str(tmp_path / "taxes"),
    }

    def command(*words: str) -> Result:
        os.utime(Path(home.inbox_url) / "saic" / "registrations_520381_20101231_04.csv")  # just now
        monkeypatch.setenv("BUREAU_HOME", str(home.home))
        monkeypatch.setenv("BUREAU_INBOXES", json.dumps(places))
        return CliRunner().invoke(LazyGroup("bureau"), ["inbox", *words])

    return command


def test_every_place_is_told(run: Any) -> None:
    result = run("--format", "json")
    assert result.exit_code == 1
    found = {box["department"]: box for box in json.loads(result.stdout)}
    assert {department: box["reach"] for department, box in found.items()} == {
        "hrss": "no_folder",
        "pboc": "setting",
        "registry": "ok",
        "sacl": "unknown_department",
        "saic": "ok",
        "stats": "unreachable",
        "tax-local": "ok",
        "tax-national": "ok",
    }
    assert "nobody" in found["pboc"]["reason"] and "tax-national" in found["sacl"]["reason"]
    assert found["tax-national"]["where"].endswith("/taxes") and found["hrss"]["where"].endswith("/inbox/hrss")
    assert {one["file_name"]: one["state"] for one in found["saic"]["deliveries"]} == STATES
    (settled,) = (one for one in found["saic"]["deliveries"] if one["state"] == "settled")
    assert settled["status"] == "refused" and settled["size"] > 0


@pytest.mark.parametrize(("lang", "words"), [("en", ["being written", "no such folder"]), ("zh", ["写入中", "无此文件夹"])])
def test_a_table_for_people(run: Any, lang: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUREAU_LANG", lang)
    result = run()
    assert result.exit_code == 1
    assert all(word in result.stdout for word in words)
    open_ = [name for name, state in STATES.items() if state != "settled"]
    assert all(name in result.stdout for name in open_) and "20101231_01.csv" not in result.stdout
    assert "{" not in result.stdout


def test_one_department_that_can_be_looked_into(run: Any) -> None:
    result = run("--department", "saic", "--format", "json")
    assert result.exit_code == 0
    assert [box["department"] for box in json.loads(result.stdout)] == ["saic"]
    wrong = run("--department", "saik").exception
    assert isinstance(wrong, BureauError) and wrong.key == "inbox.no_department"
