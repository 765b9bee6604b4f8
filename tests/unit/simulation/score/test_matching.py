"""Right, false and explained alarms, on a handful of them."""

import pytest

from simulation.score.matching import HOUR, Planted, Raised, matched, wilson


def planted(
    kind: str, begin: int, end: int, subject: str = "P1", group: str = "H1", **more: object
) -> Planted:
    """Hours."""
    return Planted(kind, subject, group, begin * HOUR, end * HOUR, **more)  # type: ignore[arg-type]


def raised(kind: str, at: float, end: float, subject: str = "P1", group: str = "H1") -> Raised:
    return Raised(kind, subject, group, int(at * HOUR), int(at * HOUR), int(end * HOUR))


def counts(
    kind: str, faults: list[Planted], alarms: list[Raised], slack: int = 0
) -> tuple[int, int, int, int]:
    found = matched(kind, faults, alarms, slack * HOUR)
    return len(found.caught), len(found.missed), len(found.false), len(found.explained)


def test_an_alarm_is_right_about_what_it_overlaps_of_its_kind_and_subject():
    fault = planted("stuck", 10, 20)

    assert counts("stuck", [fault], [raised("stuck", 15, 30)]) == (1, 0, 0, 0)
    assert counts("stuck", [fault], [raised("stuck", 15, 30, subject="P2")]) == (0, 1, 1, 0)
    assert counts("stuck", [fault], [raised("limit", 15, 30)]) == (0, 1, 0, 0)
    assert counts("stuck", [fault], [raised("stuck", 22, 30)]) == (0, 1, 1, 0)


def test_an_alarm_that_comes_a_little_later_is_still_about_it():
    assert counts("drift", [planted("drift", 10, 20)], [raised("drift", 22, 30)], slack=5) == (1, 0, 0, 0)


def test_a_second_alarm_of_one_fault_is_neither_caught_again_nor_false():
    alarms = [raised("limit", 12, 13), raised("limit", 15, 16)]

    found = matched("limit", [planted("limit", 10, 20)], alarms, 0)
    assert (len(found.caught), len(found.false), found.delays) == (1, 0, (2.0,))


@pytest.mark.parametrize(
    ("alarm", "cause", "explained"),
    [
        ("limit", planted("failing", 0, 99, subject="H1"), 1),
        ("limit", planted("failing", 0, 99, subject="H2", group="H2"), 0),
        ("limit", planted("drift", 0, 99), 1),
        ("limit", planted("drift", 0, 99, subject="P2"), 0),
        ("silent", planted("failing", 0, 99, subject="H1"), 0),
        ("stuck", planted("drift", 0, 99), 0),
    ],
)
def test_what_another_trouble_brings_about_is_explained(alarm, cause, explained):
    assert counts(alarm, [cause], [raised(alarm, 50, 60)]) == (0, 0, 1 - explained, explained)


def test_what_nobody_could_see_does_not_count_but_excuses_its_alarm():
    unseen = planted("stuck", 10, 20, counts=False)

    assert counts("stuck", [unseen], []) == (0, 0, 0, 0)
    assert counts("stuck", [unseen], [raised("stuck", 12, 14)]) == (0, 0, 0, 0)


def test_a_failure_must_be_told_before_it_happens():
    failure = planted("failing", 0, 100, subject="H1", at=80 * HOUR)
    before = matched("failing", [failure], [raised("failing", 50, 90, subject="H1")], 0)

    assert (before.leads, before.led_by(24), before.led_by(31)) == ((30.0,), 1, 0)
    assert counts("failing", [failure], [raised("failing", 85, 90, subject="H1")]) == (0, 1, 0, 0)


@pytest.mark.parametrize("kind", ["limit", "stuck", "silent", "drift", "failing"])
def test_an_alarm_that_was_told_before_the_fault_began_is_not_about_it_though_it_still_stands(kind):
    fault = planted(kind, 100, 120, at=115 * HOUR if kind == "failing" else None)

    assert counts(kind, [fault], [raised(kind, 50, 110)], slack=2) == (0, 1, 1, 0)
    assert counts(kind, [fault], [raised(kind, 50, 110), raised(kind, 99, 110)], slack=2) == (1, 0, 1, 0)


def test_an_alarm_is_not_explained_by_a_trouble_that_began_after_it():
    assert counts("limit", [planted("drift", 100, 120)], [raised("limit", 50, 110)]) == (0, 0, 1, 0)


def test_an_interval_is_wilson_s():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 0) is None
    assert wilson(50, 50) == pytest.approx((0.9287, 1.0), abs=1e-4)
