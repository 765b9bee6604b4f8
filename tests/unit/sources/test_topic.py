"""Where a batch of a topic ends."""

from headrace.sources.topic import ends_of_batch


def test_a_batch_takes_all_that_waits_where_that_is_few() -> None:
    assert ends_of_batch({0: 5, 1: 0}, {0: 9, 1: 0}, most=10) == {0: 9, 1: 0}


def test_of_many_messages_each_partition_gives_its_share_and_none_stands_still() -> None:
    ends = ends_of_batch({0: 0, 1: 10, 2: 7}, {0: 1_000_000, 1: 11, 2: 7}, most=1000)
    assert ends == {0: 1000, 1: 11, 2: 7}
