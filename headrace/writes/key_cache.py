"""The keys of rows that happened lately, held in memory so that a repeat is found without reading the table.

Keys are kept by the minutes in which their rows happened. What is known of such a stretch of time is known wholly:
it was empty in the table when it was met, or was read from there. Past a bound the oldest stretches are forgotten,
and a row that comes for one of them is looked up.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
STRETCH = 300_000_000  # microseconds
MOST_KEYS = 24_000_000
MOST_STRETCHES = 5_000
RUNS = 4


@dataclass(frozen=True)
class Keys:
    """Two hashes of each key and the stretch of its row. Together they are 96 bits wide: among 24 million keys held, a
    new one meets another's by chance once in 10^21."""

    first: Array
    second: Array
    stretch: Array

    def __len__(self) -> int:
        return len(self.first)

    def of(self, rows: Array) -> "Keys":
        return Keys(self.first[rows], self.second[rows], self.stretch[rows])


def stretches_of(instants: Array) -> Array:
    return instants // STRETCH


class RecentKeys:
    """What is known of each stretch are a few sorted runs: a batch adds one, and runs of like size are merged."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._known: dict[int, list[tuple[Array, Array]]] = {}

    def __len__(self) -> int:
        return sum(len(first) for runs in self._known.values() for first, _ in runs)

    def forget_all(self) -> None:
        self._known.clear()

    def unknown(self, stretches: Array) -> Array:
        return np.array(
            [each for each in np.unique(stretches) if int(each) not in self._known], dtype=np.int64
        )

    def knows(self, stretch: int, stored: Keys | None = None) -> None:
        """From now on all of it is known; `stored` is what the table holds of it."""
        self._known.setdefault(int(stretch), [])
        if stored is not None and len(stored):
            self._put(int(stretch), stored)

    def holds(self, keys: Keys) -> Array:
        """Which of them are there, as far as their stretch is known."""
        found = np.zeros(len(keys), dtype=bool)
        for stretch, rows in _by_stretch(keys.stretch):
            for run in self._known.get(stretch, ()):
                missing = rows[~found[rows]]
                found[missing] = _are_in(run, keys.first[missing], keys.second[missing])
        return found

    def add(self, keys: Keys) -> None:
        for stretch, rows in _by_stretch(keys.stretch):
            if stretch in self._known:
                self._put(stretch, keys.of(rows))
        self._forget_oldest()

    def _put(self, stretch: int, keys: Keys) -> None:
        order = np.argsort(keys.first)
        runs = self._known[stretch]
        runs.append((keys.first[order], keys.second[order]))
        while len(runs) > 1 and (len(runs) > RUNS or len(runs[-2][0]) <= 2 * len(runs[-1][0])):
            later, earlier = runs.pop(), runs.pop()
            runs.append(_merged(earlier, later))

    def _forget_oldest(self) -> None:
        held = len(self)
        for stretch in sorted(self._known)[:-1]:
            if held <= self._most and len(self._known) <= MOST_STRETCHES:
                return
            held -= sum(len(first) for first, _ in self._known.pop(stretch))


def repeats_within(keys: Keys, order: tuple[Array, ...]) -> Array:
    """Marks all but the first copy of each key; `order` says who came first, its last array deciding before others."""
    by_hash = np.argsort(keys.first, kind="stable")
    ranked = keys.first[by_hash]
    like_next = np.zeros(len(keys), dtype=bool)
    like_next[:-1] = ranked[1:] == ranked[:-1]
    is_several = like_next | np.r_[False, like_next[:-1]] if len(keys) else like_next
    several = by_hash[is_several]
    ranks = np.lexsort((*(each[several] for each in order), keys.second[several], keys.first[several]))
    ordered = several[ranks]
    marked = np.zeros(len(keys), dtype=bool)
    same = (keys.first[ordered][1:] == keys.first[ordered][:-1]) & (
        keys.second[ordered][1:] == keys.second[ordered][:-1]
    )
    marked[ordered[1:][same]] = True
    return marked


def _by_stretch(stretches: Array) -> list[tuple[int, Array]]:
    """The rows of each stretch."""
    if not len(stretches):
        return []
    order = np.argsort(stretches, kind="stable")
    ranked = stretches[order]
    begins = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return [(int(stretches[rows[0]]), rows) for rows in np.split(order, begins)]


def _are_in(run: tuple[Array, Array], first: Array, second: Array) -> Array:
    held_first, held_second = run
    at = np.minimum(np.searchsorted(held_first, first), len(held_first) - 1)
    found: Array = (held_first[at] == first) & (held_second[at] == second)
    return found


def _merged(earlier: tuple[Array, Array], later: tuple[Array, Array]) -> tuple[Array, Array]:
    first = np.concatenate([earlier[0], later[0]])
    order = np.argsort(first, kind="stable")
    return first[order], np.concatenate([earlier[1], later[1]])[order]
