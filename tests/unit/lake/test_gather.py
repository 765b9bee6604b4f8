"""Which small files one go takes."""

from headrace.lake.files import DataFile
from headrace.lake.gather import MB, MOST_ROWS, _chosen, tiers


def files(count: int, size: int, day: str = "2024-01-01", rows: int = 10) -> list[DataFile]:
    return [DataFile(f"{day}-{size}-{number}", size, rows, day) for number in range(count)]


def chosen(found: list[DataFile], least: int = 8) -> list[list[int]] | None:
    first, second = tiers(least)
    groups = _chosen(found, first) or _chosen(found, second)
    return groups and [[file.bytes for file in group] for group in groups]


def test_few_small_files_are_left_alone():
    assert chosen(files(7, 1000)) is None


def test_files_of_one_day_are_joined_with_each_other_and_a_single_one_with_none():
    found = files(5, 1000) + files(3, 2000, "2024-01-02") + files(1, 3000, "2024-01-03")
    assert chosen(found) == [[1000] * 5, [2000] * 3]


def test_what_was_joined_once_waits_until_it_has_become_many_again():
    assert chosen(files(3, 2 * MB) + files(7, 1000)) is None
    assert chosen(files(4, 2 * MB) + files(7, 1000)) == [[2 * MB] * 4]
    assert chosen(files(9, 16 * MB)) is None


def test_a_go_takes_so_many_bytes_and_rows_at_most():
    assert chosen(files(100, 15 * MB)) == [[15 * MB] * 4]
    assert chosen(files(10, 1000, rows=MOST_ROWS // 4)) == [[1000] * 4]
