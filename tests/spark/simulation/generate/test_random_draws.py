import itertools
from datetime import datetime, timedelta

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from simulation.random_draws import World, each_tick

WORLD = World(seed=7, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))
MANY = 20_000


def drawn(spark: SparkSession, draw: Column, rows: int = MANY) -> list[float]:
    return [value for (value,) in spark.range(rows).select(draw).collect()]


def test_even_draws_fill_their_bounds_evenly(spark: SparkSession) -> None:
    values = drawn(spark, WORLD.uniform("x", "id", low=2, high=4))
    assert 2 <= min(values) < 2.01 < 3.99 < max(values) < 4
    assert sum(values) / MANY == pytest.approx(3, abs=0.02)


def test_normal_draws_have_their_mean_and_spread(spark: SparkSession) -> None:
    values = drawn(spark, WORLD.normal("x", "id", mean=10, sd=2))
    mean = sum(values) / MANY
    assert mean == pytest.approx(10, abs=0.06)
    assert (sum((value - mean) ** 2 for value in values) / MANY) ** 0.5 == pytest.approx(2, abs=0.05)


def test_values_are_drawn_by_their_weights(spark: SparkSession) -> None:
    values = drawn(
        spark, WORLD.choice("x", "id", values=("GOOD", "UNCERTAIN", "BAD"), weights=(0.97, 0.025, 0.005))
    )
    assert values.count("GOOD") / MANY == pytest.approx(0.97, abs=0.005)
    assert values.count("BAD") / MANY == pytest.approx(0.005, abs=0.002)


def test_whole_numbers_include_both_bounds(spark: SparkSession) -> None:
    assert set(drawn(spark, WORLD.integer("x", "id", low=1, high=3), 200)) == {1, 2, 3}


def test_salts_seeds_and_keys_draw_apart(spark: SparkSession) -> None:
    other = World(seed=8, start=WORLD.start, end=WORLD.end)
    draws = (
        WORLD.uniform("x", "id"),
        WORLD.uniform("y", "id"),
        other.uniform("x", "id"),
        WORLD.uniform("x", "id", "id"),
    )
    assert len({value for draw in draws for value in drawn(spark, draw, 50)}) == 200


def test_a_wander_moves_slowly_and_reaches_far(spark: SparkSession) -> None:
    at = F.timestamp_seconds(F.col("id") * 600 + 1_704_067_200)
    values = drawn(spark, WORLD.smooth("x", F.lit(1), at=at, every=timedelta(hours=6)), 2_000)
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(values)]
    assert max(steps) < 0.1
    assert -1 <= min(values) < -0.6 < 0.6 < max(values) <= 1


def test_a_block_gives_each_tick_and_marks_the_copy(spark: SparkSession) -> None:
    blocks = spark.createDataFrame(
        [("a", 100, 10, [0, 2, 4, 3]), ("b", 200, 10, [])],
        "name string, _first long, _every long, _ticks array<int>",
    )
    ticks = each_tick(blocks).select("name", "_second", "_copy").collect()
    assert [tuple(tick) for tick in ticks] == [
        ("a", 100, False),
        ("a", 110, False),
        ("a", 120, False),
        ("a", 110, True),
    ]
