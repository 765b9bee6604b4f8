"""What is said of a value that was looked at for a while."""

import pytest

from benchmarks.steady import _is_javas_own, slope_of


def test_the_first_fifth_does_not_count_and_the_slope_is_by_the_hour():
    seen = [(0.0, 900.0), (300.0, 500.0), *((float(at), 100.0 + at / 360) for at in range(720, 3601, 360))]
    found = slope_of(seen)
    assert found.per_hour == pytest.approx(10)
    assert (found.mean, found.most) == (pytest.approx(106), pytest.approx(110))
    assert found.rises


def test_a_rise_within_its_scatter_is_a_rise_all_the_same_and_no_rise_is_none():
    up = slope_of([(float(at), 100.0 + at + 20 * (at % 2)) for at in range(11)])
    assert 0 < up.per_hour < 2 * up.error
    assert up.rises
    assert not slope_of([(float(at), 100.0 - at) for at in range(11)]).rises


class _Process:
    def __init__(self, name: str, words: list[str], parent: "_Process | None" = None) -> None:
        self._name, self._words, self._parent = name, words, parent

    def name(self) -> str:
        return self._name

    def cmdline(self) -> list[str]:
        return self._words

    def parent(self) -> "_Process | None":
        return self._parent


def test_java_that_is_about_to_become_another_program_holds_nothing_of_its_own():
    shell = _Process("bash", ["spark-submit"])
    java = _Process("java", ["java", "SparkSubmit"], shell)
    assert not _is_javas_own(java)
    assert _is_javas_own(_Process("java", ["java", "SparkSubmit"], java))
    assert not _is_javas_own(_Process("chmod", ["chmod", "644"], java))
    daemon = _Process("python", ["python", "-m", "pyspark.daemon"], java)
    assert not _is_javas_own(_Process("python", ["python", "-m", "pyspark.daemon"], daemon)), "it has its own"
