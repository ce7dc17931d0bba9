"""Who runs this command: by what the kernel says, never by the environment, which anybody can set."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_NOBODY = 2**32 - 1  # the kernel's word for a session that nobody logged in to


@dataclass(frozen=True)
class Asker:
    """login: user of the process. session_login: who logged in, before any `su` or `sudo`, where the kernel kept it."""

    login: str
    session_login: str | None


def asker(audit: Path = Path("/proc/self/loginuid")) -> Asker:
    """The user behind this process. Users without a name are given by their number."""
    try:
        number = int(audit.read_text())
    except (OSError, ValueError):  # not Linux, or a kernel without audit
        number = _NOBODY
    return Asker(_name(os.getuid()), None if number == _NOBODY else _name(number))


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
