"""Lines that are cut at a look are cut as csv.reader would."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.readers.records import CsvCut

PIECES = st.sampled_from([*'"",a赤 ', "\n", "\n", "\r\n", "\r", '""', '"a"', '"a,b"', '"x"\n', '"x","y"\r\n'])


class _Never(CsvCut):
    _tidy = re.compile(b"(?!)")


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25), st.booleans())
@example(['"x"\n', ",", '"'], True)  # a repeated group that is possessive takes too much before Python 3.11.5
def test_cut_at_a_look_or_by_the_csv_module_is_the_same(pieces: list[str], ended: bool) -> None:
    block = "".join(pieces).encode("gb18030")
    assert CsvCut("gb18030", ",")(block, ended) == _Never("gb18030", ",")(block, ended)
