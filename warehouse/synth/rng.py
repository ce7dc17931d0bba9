"""Random streams: one for each shard and topic, so that more of one topic never shifts another."""

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, shard: int, topic: str) -> random.Random:
    """The stream of a topic in a shard. Seeded by text: the same on every machine and in every process."""
    return random.Random(f"bureau synth {seed}/{shard}/{topic}")


class Weighted(Generic[T]):
    """A choice among members by weight, prepared once."""

    def __init__(self, weights: Sequence[tuple[T, float]]) -> None:
        self._members = [member for member, _ in weights]
        self._sums = list(accumulate(weight for _, weight in weights))

    def draw(self, rng: random.Random) -> T:
        """One member."""
        place = bisect(self._sums, rng.random() * self._sums[-1])
        return self._members[min(place, len(self._members) - 1)]


def rounded(rng: random.Random, expected: float) -> int:
    """A whole number with the given mean: the fraction decides by chance."""
    return int(expected) + (rng.random() < expected % 1)
