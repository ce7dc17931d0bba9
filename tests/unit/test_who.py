from __future__ import annotations

import os
import pwd
from pathlib import Path

from warehouse.who import asker


def test_the_kernel_is_asked_and_not_the_environment(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    audit = tmp_path / "loginuid"
    assert asker(audit).session_login is None, "no audit here"
    audit.write_text("4294967295")
    assert (asker(audit).login, asker(audit).session_login) == (me, None)
    audit.write_text("0")
    assert asker(audit).session_login == pwd.getpwuid(0).pw_name
    audit.write_text("3999999999")
    assert asker(audit).session_login == "uid 3999999999"
