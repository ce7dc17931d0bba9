"""How a page of the Data Docs looks: the engine's sections in a page that stands alone, with nothing to fetch from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

_SUITE = re.compile(r'href="[./]*/expectations/[^"]*"')  # suites are made anew for each delivery: there is no page of one


class PlainPageView(DefaultJinjaPageView):  # type: ignore[misc]  # the engine brings no types
    """The engine's own page needs ten scripts and styles from other servers; this one is `data_docs_page.j2` beside it."""

    _template = "data_docs_page.j2"

    def __init__(self, words: Mapping[str, str], **rest: Any) -> None:
        super().__init__(**rest)
        self._words = re.compile("|".join(rf">\s*{re.escape(word)}\s*(?=[<:])" for word in words) or "(?!)")
        self._instead = dict(words)
        self.env.loader = ChoiceLoader([FileSystemLoader(Path(__file__).parent), self.env.loader])

    def render(self, document: Any, template: Any = None, **kwargs: Any) -> str:
        """The whole page, as HTML."""
        written = _SUITE.sub('href="../../../../index.html"', super().render(document, template, **kwargs))
        return self._words.sub(lambda found: f">{self._instead[found[0][1:].strip()]}", written)
