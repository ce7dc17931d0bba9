"""A night that is killed, anywhere, and run again ends as one that nobody disturbed."""

from datetime import date
from pathlib import Path

import pytest

from tests.end_to_end.homes import Home, kill, leftovers, result
from warehouse.services.running import running_services
from warehouse.synth import synthesise_nights

FIRST, NIGHT = "2010-12-28", "2010-12-29"

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deliveries")
    first, last = date.fromisoformat(FIRST), date.fromisoformat("2010-12-31")
    synthesise_nights(out, seed=7, scale=0.05, first=first, last=last, faults="demo")
    return out


@pytest.fixture(scope="module")
def before(deliveries: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which the first night is done and the second one's deliveries have come."""
    home = Home(tmp_path_factory.mktemp("homes") / "before")
    home.deliver(deliveries / FIRST)
    ended = home.run("nightly", "--date", FIRST)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert home.processes() == []
    home.deliver(deliveries / NIGHT)
    return home


@pytest.fixture(scope="module")
def undisturbed(before: Home) -> dict[str, list[tuple[object, ...]]]:
    home = before.copy(before.folder.with_name("undisturbed"))
    try:
        ended = home.run("nightly", "--date", NIGHT)
        assert ended.returncode == 3, ended.stdout + ended.stderr  # the demonstration's refused delivery
        return seen(home)
    finally:
        home.run("down")


def seen(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """The night's result, by a server that runs for the look only."""
    assert home.processes() == []
    with running_services(home.settings, with_airflow=False):
        assert leftovers(home) == {"tables": [], "files": []}
        found = result(home)
    assert found["figures"]
    return found


def again(home: Home) -> dict[str, list[tuple[object, ...]]]:
    ended = home.run("nightly", "--date", NIGHT)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    return seen(home)


@pytest.mark.long
def test_everything_is_killed_and_then_single_services(before: Home, undisturbed: dict[str, list[tuple[object, ...]]]) -> None:
    """All at once during the loads; in the second attempt the API, then the database, while it goes on."""
    home = before.copy(before.folder.with_name("disturbed"))
    try:
        night = home.start("nightly", "--date", NIGHT)
        home.wait_for_task("accept", NIGHT, night)
        home.kill_everything(night)

        night = home.start("nightly", "--date", NIGHT)
        home.wait_for_task("take_in", NIGHT, night)
        kill(home.service("api-server"))
        home.wait_for_task("build", NIGHT, night)
        kill(home.service("postgresql"))
        out, err = night.communicate()
        assert night.returncode == 3, out + err
        assert seen(home) == undisturbed
    finally:
        home.run("down")
    assert home.processes() == []


@pytest.mark.long
def test_a_killed_command_leaves_nothing_running_for_ever(before: Home, undisturbed: dict[str, list[tuple[object, ...]]]) -> None:
    """The services of a killed command are the next one's: it ends the night and stops them."""
    home = before.copy(before.folder.with_name("orphaned"))
    try:
        night = home.start("nightly", "--date", NIGHT)
        home.wait_for_task("build", NIGHT, night)
        night.kill()
        night.communicate()
        assert again(home) == undisturbed
    finally:
        home.run("down")
    assert home.processes() == []


@pytest.mark.long
@pytest.mark.parametrize("task", ["take_in", "accept", "wait_for_sources", "build"])
@pytest.mark.parametrize("service", ["everything", "postgresql", "api-server", "scheduler", "dag-processor", "triggerer"])
def test_killed_at(task: str, service: str, before: Home, undisturbed: dict[str, list[tuple[object, ...]]]) -> None:
    home = before.copy(before.folder.with_name(f"{service}-{task}"))
    try:
        night = home.start("nightly", "--date", NIGHT)
        home.wait_for_task(task, NIGHT, night)
        if service == "everything":
            home.kill_everything(night)
        else:
            kill(home.service(service))
            night.communicate()
        assert again(home) == undisturbed
    finally:
        home.run("down")
    assert home.processes() == []
