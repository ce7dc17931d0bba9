"""Check digits of registration numbers."""


def check15(first14: str) -> str:
    """A registration number with its check digit (GS15-2006, ISO 7064 MOD 11,10)."""
    p = 10
    for digit in first14:
        p = 2 * ((p + int(digit)) % 10 or 10) % 11
    return first14 + str((11 - p) % 10)
