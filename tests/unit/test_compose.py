"""The containers' files, without an engine: what is open to whom, what is asked for, and that it is the product they run."""

import re
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.cli import LazyGroup
from warehouse.cli.service import SERVICES as KNOWN_TO_COMMANDS
from warehouse.connections import place_of
from warehouse.secret_key import key_file
from warehouse.services import airflow, airflow_environment, postgres
from warehouse.settings import PROJECT, Settings

AIRFLOW = set(airflow.SERVICES)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def product(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in compose["services"].items() if name != "postgres"}


def test_the_services_are_the_products(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"postgres", "init", *AIRFLOW}
    assert set(KNOWN_TO_COMMANDS) == AIRFLOW


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    ports = {name: one["ports"] for name, one in compose["services"].items() if "ports" in one}
    assert list(ports) == ["api-server"]
    assert all(str(port).startswith("127.0.0.1:") for port in ports["api-server"])
    assert all("network_mode" not in one for one in compose["services"].values())


def test_no_secret_has_a_default(compose: dict[str, Any], example: dict[str, str]) -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    secret = {"POSTGRES_PASSWORD", "BUREAU_AIRFLOW_PASSWORD", "BUREAU_PSEUDONYM_KEY_FILE"}
    for name in secret:
        uses = re.findall(r"\$\{" + name + r"([^}]*)\}", text)
        assert uses and all(use.startswith(":?") and len(use) > 2 for use in uses), name
        assert example[name] == ""
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if re.search(r"PASSWORD|SECRET|TOKEN|(?<!_FILE)_KEY$", name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name


def test_every_variable_is_in_the_example(example: dict[str, str]) -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(example)


def test_secrets_stay_out_of_history_and_image() -> None:
    assert ".env" in (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert not kept & {".", "*", ".env", ".git", ".venv", ".bureau", "bureau.toml"}
    assert all((PROJECT / name).exists() for name in kept)


def test_the_inboxes_come_from_a_closed_file_of_their_own(compose: dict[str, Any]) -> None:
    for name, one in product(compose).items():
        assert one["env_file"] == [{"path": "inboxes.env", "required": False}], name
        before_the_file = {key for key in one["environment"] if key.startswith(("BUREAU_INBOX", "BUREAU_CONN", "AIRFLOW_CONN"))}
        assert not before_the_file, name
    assert "env_file" not in compose["services"]["postgres"]
    assert "inboxes.env" in (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_documented_inboxes_reach_every_service(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT / "docs" / lang / "containers.md").read_text(encoding="utf-8")
    lines = text.partition("```ini\n")[2].partition("```")[0]
    for name, _, value in (word.partition("=") for word in shlex.split(lines)):
        monkeypatch.setenv(name, value)
    handed_on = airflow_environment.environment(Settings(home=tmp_path, database_url="postgresql://a:b@c/d"))
    assert {"BUREAU_INBOXES", "BUREAU_CONNECTIONS", "AIRFLOW_CONN_SAIC_CONN"} <= set(handed_on)
    settings = Settings(home=tmp_path)
    saic, pboc, other = (place_of(settings, department) for department in ("saic", "pboc", "hrss"))
    assert saic.url == "sftp://sftp.saic.example/outgoing" and saic.access.username == "stats"
    assert saic.access.private_key is not None and saic.access.private_key.count("\n") == 2
    assert saic.access.host_key == "ssh-ed25519 AAAA…"
    assert (pboc.access.password, pboc.access.endpoint) == ("SECRETKEY", "https://minio.example:9000")
    assert other.url == str(tmp_path / "inbox")


def test_services_that_stay_have_health_checks(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        if name == "init":
            continue
        assert one["healthcheck"]["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries", "start_period"} <= set(one["healthcheck"]), name
        assert one["restart"] == "unless-stopped", name
    assert compose["services"]["init"]["restart"] == "no"


def test_services_wait_for_what_they_need(compose: dict[str, Any]) -> None:
    for name in AIRFLOW:
        assert compose["services"][name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "init": {"condition": "service_completed_successfully"},
        }
    assert compose["services"]["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_what_must_last_is_in_volumes(compose: dict[str, Any]) -> None:
    settings = Settings(home=Path("/var/lib/bureau"))
    places = {str(settings.home), str(settings.logs), str(settings.archive), settings.inbox_url}
    for name, one in product(compose).items():
        mounts = [mount.rpartition(":") for mount in one["volumes"]]
        assert {target for _, _, target in mounts} == places, name
        assert {re.sub(r"\$\{\w+:-(\w+)\}", r"\1", source) for source, _, _ in mounts} <= set(compose["volumes"]), name
    data = compose["services"]["postgres"]
    (mount,) = data["volumes"]
    assert data["environment"]["PGDATA"].startswith(mount.partition(":")[2] + "/")


def test_the_command_lines_exist(compose: dict[str, Any]) -> None:
    group = LazyGroup("bureau")
    for name, one in product(compose).items():
        for words in [one["command"], one.get("healthcheck", {}).get("test", ["CMD", "bureau", *one["command"]])[2:]]:
            command = group.get_command(group.make_context("bureau", [], resilient_parsing=True), words[0])
            assert command is not None, words
            assert command.make_context(words[0], list(words[1:])).params.get("name") in {None, name}


def test_the_image_is_not_roots() -> None:
    lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line and not line.startswith(("#", " "))]
    users = [line[1] for line in words if line[0] == "USER"]
    assert users == ["bureau"]
    copied = {name for line in words if line[0] == "COPY" for name in line[1:-1]}
    assert all((PROJECT / name).exists() for name in copied)
    assert (PROJECT / "bureau").stat().st_mode & stat.S_IXOTH


def test_the_database_is_set_up_like_the_embedded_one(compose: dict[str, Any]) -> None:
    one = compose["services"]["postgres"]
    given = dict(word.removeprefix("-c").split("=", 1) for word in one["command"][1:])
    lines = postgres.configuration(5432, "Asia/Shanghai").splitlines()
    embedded = {key: value.strip("'") for key, _, value in (line.partition(" = ") for line in lines if " = " in line)}
    of_the_machine = {"shared_buffers", "effective_cache_size"}
    of_the_place = {"listen_addresses", "port", "unix_socket_directories", "password_encryption"}
    left = of_the_machine | of_the_place
    assert {k: v for k, v in given.items() if k not in left} == {k: v for k, v in embedded.items() if k not in left}
    assert set(postgres.INITDB) <= set(one["environment"]["POSTGRES_INITDB_ARGS"].split())


def test_the_containers_settings_reach_airflow(compose: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = compose["services"]["scheduler"]["environment"]
    known = {f"BUREAU_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in values if name.startswith("BUREAU_")} <= known
    for name, value in values.items():
        default = re.fullmatch(r"\$\{\w+:-([^}]*)\}", value)
        monkeypatch.setenv(name, default[1] if default else re.sub(r"\$\{\w+:\?[^}]*\}", "s3cret", value))
    settings = Settings(home=tmp_path)
    found = airflow_environment.environment(settings)
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://bureau:s3cret@postgres:5432/bureau_airflow"
    assert "AIRFLOW__API__BASE_URL" not in found
    assert airflow_environment.password(settings) == "s3cret"
    assert airflow.command(settings, "api-server")[-4:] == ["--host", "0.0.0.0", "--port", "8080"]
    assert str(key_file(settings)) == "/run/secrets/pseudonym_key"
    alone = airflow_environment.environment(Settings(home=tmp_path, airflow_url=None))
    assert alone["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert set(alone) - set(found) == {"AIRFLOW__API__BASE_URL"}
