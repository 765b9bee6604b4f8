"""Which keys are repeats, by hand-written hashes."""

import numpy as np
import pyarrow as pa

from headrace.writes.edge import HASH
from headrace.writes.key_cache import AT, SECOND, STRETCH, Keys, RecentKeys, keys_in, repeats_within


def keys(*told: tuple[int, int], stretch: int = 0) -> Keys:
    first, second = (np.array(column) for column in zip(*told, strict=True))
    return Keys(first, second, np.full(len(told), stretch))


def test_all_but_the_first_to_arrive_of_each_key_are_repeats() -> None:
    arrived = np.array([30, 10, 20, 5])
    told = keys((7, 1), (7, 1), (7, 1), (8, 1))
    assert repeats_within(told, (arrived,)).tolist() == [True, False, True, False]


def test_keys_that_share_one_hash_and_not_the_other_are_no_repeats() -> None:
    told = keys((7, 1), (7, 2))
    assert not repeats_within(told, (np.array([1, 2]),)).any()
    recent = RecentKeys()
    recent.knows(0, keys((7, 1)))
    assert recent.holds(told).tolist() == [True, False]


def test_a_key_is_found_again_however_many_batches_came_since() -> None:
    recent = RecentKeys()
    recent.knows(0)
    for number in range(20):
        assert not recent.holds(keys((number, 0))).any()
        recent.add(keys((number, 0)))
    assert recent.holds(keys(*((number, 0) for number in range(21)))).tolist() == [True] * 20 + [False]


def test_a_key_of_another_time_is_another_key() -> None:
    recent = RecentKeys()
    for stretch in (0, 1):
        recent.knows(stretch)
    recent.add(keys((7, 0), stretch=0))
    assert not recent.holds(keys((7, 0), stretch=1)).any()


def test_past_the_bound_the_oldest_time_is_forgotten_and_counts_as_unknown() -> None:
    recent = RecentKeys(most=2)
    for stretch in (5, 3, 4):
        recent.knows(stretch)
        recent.add(keys((stretch, 0), stretch=stretch))
    assert len(recent) == 2
    assert recent.unknown(np.array([3, 4, 5])).tolist() == [3]
    recent.add(keys((9, 0), stretch=3))
    assert len(recent) == 2


def test_stretches_are_five_minutes_also_before_1970() -> None:
    rows = pa.table({HASH: [1] * 4, SECOND: [1] * 4, AT: [-1, 0, STRETCH - 1, STRETCH]})
    assert keys_in(rows)[0].stretch.tolist() == [-1, 0, 0, 1]


def test_nothing_is_repeated_in_nothing() -> None:
    empty = Keys(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    recent = RecentKeys()
    assert len(repeats_within(empty, (np.empty(0),))) == 0
    assert len(recent.holds(empty)) == 0
    recent.add(empty)
