"""What may stand in the repository at all."""

import re
import subprocess

from tests.architecture.sources import PROJECT, tracked

# Folders of somebody's own machine; put together here, so that this file does not hold them.
_MACHINE = [f"/{first}/" for first in ("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "tmp/bo" + "ot", "tmp/le" + "ad")]
_PATHS = re.compile("|".join(rf"(?<![\w.$}}>/-]){re.escape(path)}" for path in _MACHINE))
_LARGEST = 1_000_000


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = {}
    for path in tracked():
        text = (PROJECT / path).read_bytes().decode("utf-8", "replace")
        if match := _PATHS.search(text):
            found[path.as_posix()] = text[max(0, match.start() - 30) : match.end() + 20]
    assert found == {}


def test_no_resident_id_stands_in_the_repository() -> None:
    """18 characters with a right check digit and a real date would be somebody's."""
    from stdnum.cn import ric

    found = {}
    for path in tracked():
        text = (PROJECT / path).read_bytes().decode("utf-8", "replace")
        ids = [word for word in re.findall(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])", text) if ric.is_valid(word)]
        if ids:
            found[path.as_posix()] = len(ids)
    assert found == {}


def test_files_are_small_and_scripts_can_be_called() -> None:
    assert {path.as_posix() for path in tracked() if (PROJECT / path).stat().st_size > _LARGEST} == set()
    for script in ("bureau", ".ci/run"):
        assert (PROJECT / script).stat().st_mode & 0o111, script
        subprocess.run(["bash", "-n", script], cwd=PROJECT, check=True)
