"""Which days of a table are made again when days of what it follows change."""

from headrace.writes.gold import empty_days_before, with_days


def test_days_after_a_change_are_made_again_as_far_as_they_look_back() -> None:
    assert with_days(["2024-01-01"], ahead=2) == {"2024-01-01", "2024-01-02", "2024-01-03"}


def test_days_on_which_nothing_came_are_made_with_the_next_one_that_has_something() -> None:
    there = {"2024-01-01", "2024-01-05", None}
    assert empty_days_before(["2024-01-05"], there, most=15) == {"2024-01-02", "2024-01-03", "2024-01-04"}
    assert empty_days_before(["2024-01-05"], there, most=2) == {"2024-01-03", "2024-01-04"}
    assert (
        empty_days_before(["2024-01-01", "2024-01-02"], {"2024-01-01", "2024-01-02", "2023-12-31"}, most=3)
        == set()
    )
