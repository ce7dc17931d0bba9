"""Files that somebody asked for."""

from pathlib import Path

import pytest

from warehouse.errors import BureauError
from warehouse.files import write_out


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    write_out(tmp_path / "sheet.html", b"page")
    assert (tmp_path / "sheet.html").read_bytes() == b"page"
    for place in (tmp_path / "nowhere" / "sheet.html", tmp_path):
        with pytest.raises(BureauError, match="cannot be written") as refused:
            write_out(place, b"page")
        assert str(place) in refused.value.text("zh")
