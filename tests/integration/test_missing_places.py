"""A folder that does not exist and a department that nobody is are faults of the settings: no night takes them for silence."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from ingest.context import LoadContext
from ingest.errors import ArchiveUnwritable, InboxUnreachable
from tests.extracts import DAY
from tests.integration.ingest.conftest import ctx, server
from tests.integration.nights import rows
from tests.integration.servers import OpenSsh, Quiet, free_port, object_store, web
from tests.integration.test_transport import SPEC, Configure, configure, delivered, night, sftp, ssh
from warehouse.connections import find
from warehouse.errors import BureauError
from warehouse.night import accept, failures, note_failure, take_in
from warehouse.reasons import refusal
from warehouse.services import postgres
from warehouse.settings import Settings, load_settings, make_folders

pytestmark = pytest.mark.integration
__all__ = ["configure", "ctx", "delivered", "server", "ssh"]


def fault(settings: Settings) -> InboxUnreachable:
    with pytest.raises(InboxUnreachable) as caught:
        night(settings)
    assert not caught.value.is_passing
    note_failure(settings, SPEC.name, DAY, caught.value)
    said = failures(settings, DAY)[SPEC.name]
    for lang in ("en", "zh"):
        assert refusal(said, lang) != said, "it is said in people's language"
    return caught.value


@pytest.mark.parametrize("line", ['inbox = "{}"', "inboxes = {{saic = '{}'}}"])
def test_a_folder_that_is_not_there(configure: Configure, tmp_path: Path, line: str) -> None:
    settings = configure(line.format(tmp_path / "nowhere"))
    found = fault(settings)
    assert (found.kind, found.where) == ("no_folder", str(tmp_path / "nowhere"))
    (tmp_path / "nowhere").mkdir()
    assert night(settings) == [], "an empty one is no fault"


def test_a_common_inbox_without_the_departments_folder(configure: Configure, delivered: Path) -> None:
    settings = configure(f'inbox = "{delivered}"')
    for source in ("loans", SPEC.name):
        assert bool(take_in(settings, source, DAY)) == (source == SPEC.name)
        accept(settings, source, DAY, str(delivered))
    said = failures(settings, DAY)
    assert said.keys() == {"loans"}
    assert said["loans"] == f"inbox.no_department_folder at {delivered}/pboc"
    assert "文件夹" in refusal(said["loans"], "zh") and "/pboc" in refusal(said["loans"], "en")
    assert rows(settings, "select outcome from ledger.source_night where source = 'loans'") == [("missing",)]


def test_a_misspelt_department_stops_those_whom_it_may_mean(configure: Configure, delivered: Path) -> None:
    found = fault(configure(f'inbox = "{delivered}"\ninboxes = {{siac = "{delivered}/saic"}}'))
    assert (found.kind, found.where) == ("unknown_department", "siac") and "saic" in found.reason
    right = configure(f'inboxes = {{siac = "{delivered}/saic", saic = "{delivered}/saic"}}')
    assert [status for status, _ in night(right)] == ["loading"], "this one is spelt as it should be"
    assert take_in(configure('inboxes = {siac = "/x"}'), SPEC.name, DAY, str(delivered)), "the night's own inbox was named"


def test_folders_on_servers(configure: Configure, delivered: Path, ssh: OpenSsh) -> None:
    lines = [f'key_file = "{ssh.key_file}"', f'known_hosts = "{ssh.known_hosts()}"']
    assert fault(configure(sftp(ssh, delivered.with_name("other"), *lines))).kind == "no_folder"
    common = "\n".join([
        f'inbox = "sftp://all@127.0.0.1:{ssh.port}{delivered}"', "[connections.all]", f'login = "{ssh.user}"', *lines
    ])  # fmt: skip
    assert take_in(configure(common), "loans", DAY) == []
    assert fault(configure(common.replace(str(delivered), f"{delivered}s"))).kind == "no_folder"
    with web(delivered, Quiet) as port:
        assert fault(configure(f'inboxes = {{saic = "http://127.0.0.1:{port}/siac/"}}')).kind == "no_folder"
        assert take_in(configure(f'inbox = "http://127.0.0.1:{port}/"'), "loans", DAY) == []


def test_buckets(configure: Configure) -> None:
    import boto3

    with object_store() as url:
        names = {"aws_access_key_id": "bureau", "aws_secret_access_key": "hidden-word", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=url, **names).create_bucket(Bucket="deliveries")
        toml = (
            'inboxes = {{saic = "s3://store@{}/in"}}\n[connections.store]\nlogin = "bureau"\n'
            f'password = "hidden-word"\nendpoint = "{url}"\nregion = "us-east-1"\n'
        )
        assert night(configure(toml.format("deliveries"))) == [], "nothing under the prefix: nothing has come"
        assert fault(configure(toml.format("delivries"))).kind == "no_folder"


def test_the_inbox_of_the_home_is_there(tmp_path: Path) -> None:
    make_folders(load_settings(home=tmp_path / "home"))
    assert (tmp_path / "home" / "inbox").is_dir()
    make_folders(load_settings(home=tmp_path / "other", inbox=str(tmp_path / "in")))
    assert not (tmp_path / "other" / "inbox").exists() and not (tmp_path / "in").exists()


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ArchiveUnwritable(Path("/archive"), "No space left on device"), "/archive"),
        (psycopg.errors.DiskFull("could not extend file"), "full"),
        (psycopg.OperationalError("server closed the connection"), "broke off"),
    ],
)
def test_what_people_can_mend_is_said(configure: Configure, error: Exception, word: str) -> None:
    settings = configure("")
    note_failure(settings, SPEC.name, DAY, error)
    said = failures(settings, DAY)[SPEC.name]
    assert word in refusal(said, "en") and refusal(said, "zh") != said


def test_a_server_that_does_not_answer_is_no_unknown_connection(configure: Configure, ctx: LoadContext) -> None:
    settings = configure("")
    with pytest.raises(BureauError) as caught:
        find(settings, "saic_conn")
    assert caught.value.key == "connections.unknown"
    parts = psycopg.conninfo.conninfo_to_dict(postgres.conninfo(settings))
    down = load_settings(database_url=f"postgresql://{parts['user']}@127.0.0.1:{free_port()}/bureau")
    with pytest.raises(psycopg.OperationalError):
        find(down, "saic_conn")
