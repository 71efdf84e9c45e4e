"""Seeded chance that gives the same values under every Python version.

Only `random.Random.random` is promised to stay the same between versions, so all else is made of it.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        return values[self.integer(0, len(values) - 1)]

    def weighted(self, values: Sequence[tuple[T, int]]) -> T:
        at = self.integer(1, sum(weight for _, weight in values))
        for value, weight in values:
            at -= weight
            if at <= 0:
                return value
        raise AssertionError("the weights are positive")

    def sample(self, values: Sequence[T], n: int) -> list[T]:
        """n different ones, in the order of values."""
        left = list(range(len(values)))
        taken = [left.pop(self.integer(0, len(left) - 1)) for _ in range(n)]
        return [values[i] for i in sorted(taken)]

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.integer(0, (last - first).days))
