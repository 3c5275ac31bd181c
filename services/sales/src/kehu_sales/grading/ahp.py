"""Weights by the analytic hierarchy process (层次分析法, L2870): pure arithmetic.

The weights are the principal eigenvector of the matrix of pairwise judgements, found by power
iteration, as Saaty defines it. For a perfectly consistent matrix that is any of its columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import log

Matrix = Sequence[Sequence[Fraction]]

RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""Saaty's mean consistency index of random matrices, by their size (1980); no setting of ours."""
MILLIONTH = Decimal("0.000001")
ROUNDING = Fraction(1, 100)
"""How far a judgement and its counterpart may be off for being written as decimals: 0.33 for 1/3"""
ENOUGH = 1e-13
MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from a matrix. `worst` are the places of the two least consistent indicators."""

    weights: tuple[Decimal, ...]
    consistency_ratio: float
    worst: tuple[int, int]
    given: float
    implied: float


def not_reciprocal(matrix: Matrix) -> tuple[int, int] | None:
    """Return the first pair of places whose judgements are not each other's reciprocal, if any."""
    for place, row in enumerate(matrix):
        if abs(row[place] - 1) > 0:
            return place, place
    for one, other in combinations(range(len(matrix)), 2):
        if abs(matrix[one][other] * matrix[other][one] - 1) > ROUNDING:
            return one, other
    return None


def judge(matrix: Matrix) -> Judged:
    """Return the weights, rounded to millionths and adding up to 1, and how consistent they are.

    The consistency ratio is (lambda_max - n) / (n - 1) by the random index of n. The worst pair is
    the one whose judgement is furthest, as a ratio, from what the weights imply.
    """
    size = len(matrix)
    table = [[float(one) for one in row] for row in matrix]
    vector, largest = _principal(table)
    index = max(0.0, (largest - size) / (size - 1)) if size > 1 else 0.0
    random = RANDOM_INDEX[size]
    one, other = max(
        combinations(range(size), 2),
        key=lambda pair: abs(log(table[pair[0]][pair[1]] * vector[pair[1]] / vector[pair[0]])),
        default=(0, 0),
    )
    return Judged(
        _rounded(vector),
        index / random if random else 0.0,
        (one, other),
        table[one][other],
        vector[one] / vector[other],
    )


def _principal(table: Sequence[Sequence[float]]) -> tuple[list[float], float]:
    vector = [1 / len(table)] * len(table)
    largest = float(len(table))
    for _ in range(MOST_ROUNDS):
        product = [sum(a * x for a, x in zip(row, vector, strict=True)) for row in table]
        largest = sum(product)  # the vector sums to 1
        following = [x / largest for x in product]
        moved = max(abs(a - b) for a, b in zip(following, vector, strict=True))
        vector = following
        if moved < ENOUGH:
            break
    return vector, largest


def _rounded(vector: Sequence[float]) -> tuple[Decimal, ...]:
    weights = [Decimal(x).quantize(MILLIONTH) for x in vector]
    heaviest = max(range(len(weights)), key=lambda place: weights[place])
    weights[heaviest] += 1 - sum(weights)  # what rounding left over
    return tuple(weights)
