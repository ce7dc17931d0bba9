"""The pages of what the rules found: by night and source, only what is new, only for so long, and nothing to fetch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.nights import City
from warehouse.check_pages import refresh
from warehouse.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def night(city: City, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The last night of the city, with a home of its own for what is written."""
    return city.after(4).model_copy(update={"home": tmp_path_factory.mktemp("pages"), "data_docs_nights": 1})


def pages(index: Path) -> set[Path]:
    return {path for path in index.parent.rglob("*.html") if path != index}


def test_a_night_has_a_page_a_source_and_one_of_its_figures(night: Settings) -> None:
    index = refresh(night)
    assert index is not None
    text = index.read_text(encoding="utf-8")
    linked = {index.parent / place for place in re.findall(r'href="([^"]+)"', text)}
    assert linked == pages(index) and len(linked) >= 6
    assert "2010-12-31" in text and "2010-12-30" not in text
    assert {path.relative_to(index.parent).parts[1] for path in linked} >= {"registrations", "loans", "figures"}
    for path in [index, *linked]:
        content = path.read_text(encoding="utf-8")
        assert "http:" not in content and "https:" not in content and "<script" not in content
    (figures,) = (path for path in linked if path.relative_to(index.parent).parts[1] == "figures")
    assert "the city is the sum of its towns" in figures.read_text(encoding="utf-8")


def test_only_what_is_new_is_rendered_and_what_is_old_goes(night: Settings) -> None:
    index = refresh(night)
    assert index is not None
    written = {path: path.stat().st_mtime_ns for path in pages(index)}
    gone = min(written)
    gone.unlink()
    old = gone.with_name("d0-of-another-time.html")
    old.write_text("old", encoding="utf-8")
    refresh(night)
    again = {path: path.stat().st_mtime_ns for path in pages(index)}
    assert again.keys() == written.keys() and [path for path in again if again[path] != written[path]] == [gone]


def test_the_setting_can_want_none(night: Settings, tmp_path: Path) -> None:
    assert refresh(night.model_copy(update={"data_docs_nights": 0, "home": tmp_path})) is None
    assert list(tmp_path.iterdir()) == []
