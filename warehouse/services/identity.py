"""The user that the embedded PostgreSQL runs as: PostgreSQL refuses to run as root.

Started by an ordinary user it is that user. Started by root it is `nobody`, and where folders above the programs or
the home are closed to `nobody` (a home below /root, mode 0700) it keeps one capability, CAP_DAC_READ_SEARCH: to pass
through folders and to read. What it may write stays what `nobody` owns.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from warehouse.errors import BureauError

USER = "nobody"
# No locale or library path of the caller's reaches the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_READ_ANYWHERE = [
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
]
_READ_NOTHING = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]


def give_to_server_user(*paths: Path) -> None:
    """Make the paths (not what is below them) the server's user's."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def as_server_user(command: list[str], *needed: Path) -> list[str]:
    """`command`, run as the server's user. Raises BureauError when that user cannot enter the folders `needed`."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise BureauError("postgres.no_setpriv")
    user = pwd.getpwnam(USER)
    change = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--no-new-privs"]
    reasons = []
    for capabilities in (_READ_NOTHING, _READ_ANYWHERE):
        probe = [*change, *capabilities, "sh", "-c", 'for f; do test -r "$f/." && test -x "$f/." || exit 1; done', "sh"]
        result = subprocess.run([*probe, *map(str, needed)], capture_output=True, cwd="/", env=ENVIRONMENT, check=False)
        if result.returncode == 0:
            return [*change, *capabilities, *command]
        reasons.append(result.stderr.decode(errors="replace").strip())
    raise BureauError("postgres.closed_folder", folders=", ".join(map(str, needed)), reason=reasons[-1] or "-")
