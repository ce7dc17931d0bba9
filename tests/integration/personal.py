"""What a delivered line says of persons, for tests that nothing of it comes out."""

from __future__ import annotations

from ingest.places import row_line
from ingest.spec import load_spec
from warehouse.row_story import Story
from warehouse.settings import Settings


def delivered_personal(settings: Settings, story: Story) -> set[str]:
    """What the archived line says in columns of personal data."""
    spec = load_spec(story.source)
    placed = row_line(settings.archive, spec, story.sha256, story.row_number, story.region, story.business_date)
    assert placed.place == story.line
    personal = {cell for column, cell in zip(spec.columns, placed.cells, strict=True) if column.is_personal and cell}
    assert personal
    return personal
