"""Lines that break in the middle of a file, and refused files on servers: each a real one, reached as a bureau reaches it."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import transport
from ingest.archive import path_of
from ingest.errors import InboxUnreachable
from ingest.inbox import Inbox
from ingest.transport_place import Access, Place
from ingest.transport_sftp import Pieces
from tests.integration.ingest.conftest import ctx, server
from tests.integration.servers import OpenSsh, Versioned, web
from tests.integration.test_transport import LOADED, Configure, configure, delivered, ledger, night, opened, sftp, ssh

pytestmark = pytest.mark.integration
__all__ = ["configure", "ctx", "delivered", "opened", "server", "ssh"]
PIECE = 1 << 14


@pytest.fixture
def break_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[OpenSsh, set[int]], list[int]]:
    """Before which readings of 16 KB the server's sessions are killed; what comes back has the readings that there were.

    The first two are those of the manifest.
    """

    def armed(ssh: OpenSsh, at: set[int]) -> list[int]:
        readings: list[int] = []
        read = Pieces.read

        def watched(pieces: Pieces, count: int) -> bytes:
            readings.append(count)
            if len(readings) in at:
                assert ssh.end_sessions() > 0
            return read(pieces, count)

        monkeypatch.setattr(transport, "_BUFFER", PIECE)
        monkeypatch.setattr(Pieces, "read", watched)
        return readings

    return armed


def lines(ssh: OpenSsh) -> list[str]:
    return [f'key_file = "{ssh.key_file}"', f'host_key = "{ssh.host_key}"']


@pytest.mark.parametrize("at", [{4}, {1, 2, 5, 7}])
def test_an_sftp_session_that_is_killed_is_taken_up_where_it_broke(
    configure: Configure,
    delivered: Path,
    ssh: OpenSsh,
    break_off: Callable[[OpenSsh, set[int]], list[int]],
    at: set[int],
) -> None:
    data = next((delivered / "saic").glob("*.csv"))
    whole = -(-data.stat().st_size // PIECE)
    assert whole + 2 > max(at)
    readings = break_off(ssh, at)
    settings = configure(sftp(ssh, delivered, *lines(ssh)))
    assert night(settings) == LOADED
    assert len(readings) <= whole + len(at) + 4, "it is not read from its beginning again"
    sha256 = hashlib.sha256(data.read_bytes()).hexdigest()
    assert path_of(settings.archive, sha256).read_bytes() == data.read_bytes()


def test_an_sftp_server_that_stays_away_leaves_nothing_and_the_next_night_loads(
    configure: Configure,
    delivered: Path,
    ssh: OpenSsh,
    break_off: Callable[[OpenSsh, set[int]], list[int]],
) -> None:
    at = set(range(3, 1000))  # as often as it is taken up
    break_off(ssh, at)
    settings = configure(sftp(ssh, delivered, *lines(ssh)))
    with pytest.raises(InboxUnreachable) as caught:
        night(settings)
    assert caught.value.is_passing and "127.0.0.1" in str(caught.value)
    assert ledger(settings) == [("loading", None)]
    assert list((settings.archive / "incoming").iterdir()) == []
    at.clear()
    assert night(settings) == LOADED


def test_a_file_that_became_another_while_the_line_was_down_is_not_sewn_together(tmp_path: Path, ssh: OpenSsh) -> None:
    folder = tmp_path / "in" / "saic"
    folder.mkdir(parents=True)
    before, after = (random.Random(seed).randbytes(4 << 20) for seed in (1, 2))
    (folder / "a.csv").write_bytes(before)
    access = Access(username=ssh.user, key_file=ssh.key_file, host_key=ssh.host_key)
    with Inbox(Place(f"sftp://127.0.0.1:{ssh.port}{tmp_path}/in", access), "saic") as inbox:
        with inbox.open("a.csv") as file:
            assert file.read(PIECE) == before[:PIECE]
            (folder / "b.csv").write_bytes(after + b"more")
            shutil.move(folder / "b.csv", folder / "a.csv")
            ssh.end_sessions()
            with pytest.raises(InboxUnreachable) as caught:
                file.read()
        assert caught.value.is_passing
        with inbox.open("a.csv") as file:
            assert file.read() == after + b"more"


def test_a_file_that_was_taken_away_while_the_line_was_down(tmp_path: Path, ssh: OpenSsh) -> None:
    folder = tmp_path / "in" / "saic"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(bytes(4 << 20))
    access = Access(username=ssh.user, key_file=ssh.key_file, host_key=ssh.host_key)
    with Inbox(Place(f"sftp://127.0.0.1:{ssh.port}{tmp_path}/in", access), "saic") as inbox, inbox.open("a.csv") as file:
        file.read(PIECE)
        (folder / "a.csv").unlink()
        ssh.end_sessions()
        with pytest.raises(InboxUnreachable, match="taken away"):
            file.read()


def test_a_session_that_ended_between_two_questions_is_made_anew(tmp_path: Path, ssh: OpenSsh) -> None:
    folder = tmp_path / "in" / "saic"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"all")
    access = Access(username=ssh.user, key_file=ssh.key_file, host_key=ssh.host_key)
    with Inbox(Place(f"sftp://127.0.0.1:{ssh.port}{tmp_path}/in", access), "saic") as inbox:
        assert list(inbox.files()) == ["a.csv"]
        for _ in range(2):
            assert ssh.end_sessions() > 0
            assert list(inbox.look_again()) == ["a.csv"]
        assert ssh.end_sessions() > 0
        with inbox.open("a.csv") as file:
            assert file.read() == b"all"


def test_a_web_server_that_knows_versions_is_asked_once_for_what_was_refused(
    configure: Configure, delivered: Path, opened: list[str]
) -> None:
    data = next((delivered / "saic").glob("*.csv"))
    whole = data.read_bytes()
    data.write_bytes(whole[:-9] + b"x" * 9)
    with web(delivered, Versioned) as port:
        settings = configure(f'inbox = "http://127.0.0.1:{port}/"')
        assert [night(settings) for _ in range(2)] == [[("refused", None)]] * 2
        assert opened.count(data.name) == 1
        data.write_bytes(whole)
        assert night(settings) == [*LOADED, ("refused", None)]
