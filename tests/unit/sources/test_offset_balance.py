"""What is said of a partition from bronze's rows, the losses and the broker's own offsets."""

from collections.abc import Sequence

from headrace.sources.topic import Lost, OffsetBalance, OffsetRows, balances


def account(
    rows: OffsetRows | None, lost: Sequence[Lost] = (), kept: tuple[int, int] | None = None
) -> OffsetBalance:
    (found,) = balances("t", [rows] if rows else [], lost, {0: kept} if kept else None)
    return found


def rows(first: int, last: int, missing: int = 0, doubled: int = 0) -> OffsetRows:
    distinct = last - first + 1 - missing
    return OffsetRows("t", 0, first, last, distinct + doubled, distinct)


def test_rows_without_a_gap_balance_and_what_waits_is_named():
    found = account(rows(3, 9), kept=(0, 12))
    assert (found.accounted, found.expected) == (7, 7)
    assert found.terms == {"offsets 3 to 9": 7, "rows": 7, "doubled": 0, "waiting in the topic": 2}


def test_a_gap_and_a_doubled_offset_do_not_make_up_for_each_other():
    found = account(rows(0, 9, missing=1, doubled=1))
    assert (found.accounted, found.expected) == (8, 10)


def test_an_accepted_loss_is_a_term_of_its_own():
    found = account(rows(0, 9, missing=4), [Lost("t", 0, 3, 6)], kept=(7, 10))
    assert (found.accounted, found.expected) == (10, 10)
    assert found.terms["offsets 3 to 6 lost"] == 4


def test_a_loss_at_either_end_counts_though_no_row_lies_beyond_it():
    before = account(rows(5, 9), [Lost("t", 0, 0, 4)])
    behind = account(rows(0, 4), [Lost("t", 0, 5, 9)])
    assert (before.accounted, before.expected) == (behind.accounted, behind.expected) == (10, 10)


def test_what_is_gone_and_was_not_accepted_does_not_balance():
    found = account(rows(0, 4), kept=(8, 10))
    assert (found.accounted, found.expected, found.gone, found.waiting) == (5, 8, 3, 2)


def test_a_partition_that_was_never_taken_only_waits():
    found = account(None, kept=(4, 6))
    assert (found.accounted, found.expected, found.gone) == (0, 0, 0)
    assert found.terms == {"waiting in the topic": 2}


def test_what_was_lost_of_another_topic_is_no_term_of_this_one():
    found = account(rows(0, 9), [Lost("renamed", 0, 20, 29)])
    assert (found.accounted, found.expected) == (10, 10)
