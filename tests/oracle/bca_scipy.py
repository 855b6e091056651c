#!/usr/bin/python3
"""Prints the numbers of tests/unit/stats/test_bca.c by SciPy (Debian: python3-scipy).

Its resamples are fixed, so that both sides have the same ones."""
import warnings

import numpy as np
from scipy import stats

DATA = np.array([1.5, 0.3, 2.8, 9.1, 0.7, 4.4, 1.1, 0.2, 6.3, 2.2, 0.9, 3.7])
OTHER = np.array([2.1, 0.8, 2.0, 7.5, 1.9, 3.1, 0.4, 1.2, 7.7, 1.6, 2.5, 3.3])
N, RESAMPLES = len(DATA), 400


def places(n_resamples):
    """Of a linear congruential generator (C's example rand), which the test has as well."""
    state, out = 1, np.empty((n_resamples, N), int)
    for at in range(n_resamples * N):
        state = (state * 1103515245 + 12345) % 2**31
        out.flat[at] = (state >> 16) % N
    return out


class Fixed(np.random.Generator):
    """Hands out the fixed places wherever SciPy draws."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def integers(self, low, high=None, size=None, **_):
        return places(size[0])


def show(name, result):
    print(f"{name}: {result.confidence_interval.low:.17g}, {result.confidence_interval.high:.17g}")


def pearson(x, y, axis=-1):
    x, y = x - x.mean(axis, keepdims=True), y - y.mean(axis, keepdims=True)
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


warnings.simplefilter("ignore")
for level in (0.95, 0.8):
    how = {"n_resamples": RESAMPLES, "method": "BCa", "confidence_level": level, "random_state": Fixed()}
    show(f"mean {level}", stats.bootstrap((DATA,), np.mean, **how))
    show(f"deviation {level}", stats.bootstrap((DATA,), np.std, **how))
    # scipy 1.10 has BCa for one sample only: pairs are one sample of places
    show(f"pearson {level}", stats.bootstrap((np.arange(N),), lambda at, axis=-1: pearson(DATA[at], OTHER[at], axis), **how))
