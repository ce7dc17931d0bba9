"""The pages for people, and the commands that they name."""

import re
from pathlib import Path

from tests.architecture.sources import PROJECT, tracked

PAGES = [path for path in tracked() if path.suffix == ".md" and path.parts[0] in ("docs", "README.md", "README.zh.md")]


def read(path: Path) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def parts(text: str) -> tuple[str, dict[int, str]]:
    """A page's prose without its code blocks, and the blocks of shell or no language, by number."""
    pieces = re.split(r"^```(.*)$", text, flags=re.M)
    assert len(pieces) % 4 == 1, "a code block is not closed"
    blocks = {number: pieces[number + 1] for number in range(1, len(pieces), 4) if pieces[number].strip() in ("", "sh")}
    return "".join(pieces[::4]), blocks


def commands(text: str) -> list[str]:
    """What follows `./bureau` (or `bureau` in a container), in code blocks and in inline code."""
    prose, blocks = parts(text)
    code = [line for block in blocks.values() for line in block.splitlines()]
    code += re.findall(r"`([^`\n]+)`", prose)
    found = [match for line in code for match in re.finditer(r"(?:\./bureau|\bscheduler bureau) ([^#&|]+)", line)]
    return [match[1].strip() for match in found]
