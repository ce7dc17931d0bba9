"""The one catalogue of texts for people, in English and Chinese.

Every `*.yml` in this folder maps a key to `{en: …, zh: …}`; placeholders are those of `str.format`. A key stands in one
file only; its first part is the file's name by custom (`query.refused` in `query.yml`).
"""

from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("en", "zh")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All texts: key -> language -> text. Raises ValueError when a key stands in two files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        part = yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}
        twice = texts.keys() & part.keys()
        if twice:
            raise ValueError(f"{path.name}: keys that another file has too: {sorted(twice)}")
        texts.update(part)
    return texts


def t(key: str, lang: str, **values: object) -> str:
    """The text of `key` in `lang` ("en" or "zh"), its placeholders filled. Raises KeyError for an unknown key."""
    text = catalogue()[key][lang]
    return text.format(**values) if values else text
