"""Text that a spreadsheet would run: stored as it was delivered, made harmless wherever it goes out (ruling 9)."""

# Full-width signs too: spreadsheets of East Asian languages take them for the narrow ones
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet that opens a CSV would calculate this cell."""
    return text.startswith(_STARTS)


def harmless(text: str) -> str:
    """The text for a CSV cell: with an apostrophe in front where it would be calculated."""
    return f"'{text}" if looks_like_formula(text) else text
