"""Meters that are made up in NumPy: by tariff a shape of the day, weekends, weather that all share, and what people
do."""

from datetime import date

import numpy as np

from domains.grid.local_intervals import clock_minutes, slots_between
from domains.grid.validation import Series

PEAKS = ((8, 20), (11, 15), (10, 14), (6, 21), (12, 13))  # hours of each tariff's morning and evening


def series_of(
    first: date, last: date, zone: str = "Asia/Kolkata", meters: int = 1, minutes: int = 30, **more
) -> Series:
    """Of so many meters, each interval of 1 kWh."""
    begin, day = slots_between(first, last, zone, minutes)
    kwh = np.ones((meters, len(begin)))
    return Series(begin, day, clock_minutes(begin, zone), kwh, minutes, **more)


def population(
    meters: int, first: date, last: date, seed: int, zone: str = "Asia/Kolkata"
) -> tuple[Series, np.ndarray]:
    """The series, with the means of each tariff as peers, and each meter's tariff."""
    draw = np.random.default_rng(seed)
    plain = series_of(first, last, zone, meters)
    tariff = draw.integers(0, len(PEAKS), meters)
    hour = plain.clock / 60
    shapes = np.array([0.3 + sum(np.exp(-(((hour - peak) / 2.0) ** 2)) for peak in peaks) for peaks in PEAKS])
    is_weekend = (plain.day + 3) % 7 >= 5
    at_weekends = np.array([1.15, 0.6, 0.5, 1.0, 0.4])
    weather = _waves(draw, 1, len(plain.begin), 96, 0.15)
    habits = _waves(draw, meters, len(plain.begin), 6, 0.35)
    size = draw.lognormal(-0.5, 0.7, (meters, 1))
    level = np.where(is_weekend, at_weekends[tariff][:, None], 1.0)
    kwh = np.round(size * shapes[tariff] * level * np.exp(weather + habits), 3)
    peers = np.stack(
        [kwh[tariff == each].mean(axis=0) if (tariff == each).any() else kwh[0] for each in tariff]
    )
    count = np.array([[(tariff == each).sum()] for each in tariff])
    return (
        Series(
            **{
                **vars(plain),
                "kwh": kwh,
                "peers_kwh": peers,
                "peers": count,
                "may_draw_kwh": kwh.max(1, keepdims=True),
            }
        ),
        tariff,
    )


def _waves(draw: np.random.Generator, rows: int, slots: int, length: int, size: float) -> np.ndarray:
    """Noise that goes on for about so many intervals, half of it; the rest is anew in each."""
    steps = draw.normal(size=(rows, slots + length))
    sums = np.cumsum(steps, axis=1)
    slow = (sums[:, length:] - sums[:, :-length]) / np.sqrt(length)
    return size * (slow + draw.normal(size=(rows, slots))) / np.sqrt(2)
