"""Duval's triangle, Rogers' ratios and conditions of gas, on transformers of which it is known what was wrong."""

import duckdb
import pytest

from domains.grid.dissolved_gas import (
    FAULT_GASES,
    combustible_ppm,
    duval_zone,
    gas_condition,
    is_above_usual,
    rogers_case,
)

# Hydrogen, methane, ethane, ethylene, acetylene; what inspection found (IEC TC 10, Duval and de Pablo 2001), and the
# case of Rogers, which fits half of them.
INSPECTED = [
    (32930, 2397, 157, 0, 0, "PD", "PD"),
    (33046, 619, 58, 2, 0, "PD", "PD"),
    (37800, 1740, 249, 8, 8, "PD", "UNCLEAR"),
    (92600, 10200, 0, 0, 0, "PD", "NORMAL"),
    (6870, 1028, 79, 900, 5500, "D1", "UNCLEAR"),
    (645, 86, 13, 110, 317, "D1", "D2"),
    (120, 25, 1, 8, 40, "D1", "UNCLEAR"),
    (420, 250, 41, 530, 800, "D2", "D2"),
    (2770, 660, 54, 712, 763, "D2", "D2"),
    (260, 215, 35, 334, 277, "D2", "D2"),
    (310, 230, 54, 610, 760, "D2", "D2"),
    (66, 60, 2, 7, 0, "T1", "UNCLEAR"),
    (36, 167, 230, 18, 0, "T1", "UNCLEAR"),
    (1270, 3450, 520, 1390, 8, "T2", "T2"),
    (960, 4000, 1290, 1560, 6, "T2", "T2"),
    (3675, 6392, 2500, 7691, 5, "T3", "T3"),
    (170, 320, 53, 520, 3.2, "T3", "T3"),
    (8800, 64064, 72128, 95650, 0, "T3", "T2"),
]
# Corners of the zones in percent of methane, ethylene, acetylene, as IEC 60599 has them.
ZONES = {
    "PD": [(100, 0, 0), (98, 2, 0), (98, 0, 2)],
    "D1": [(0, 0, 100), (0, 23, 77), (64, 23, 13), (87, 0, 13)],
    "D2": [(0, 23, 77), (0, 71, 29), (31, 40, 29), (47, 40, 13), (64, 23, 13)],
    "T1": [(98, 0, 2), (98, 2, 0), (80, 20, 0), (76, 20, 4), (96, 0, 4)],
    "T2": [(80, 20, 0), (50, 50, 0), (46, 50, 4), (76, 20, 4)],
    "T3": [(50, 50, 0), (0, 100, 0), (0, 85, 15), (35, 50, 15)],
    "DT": [
        (96, 0, 4),
        (87, 0, 13),
        (47, 40, 13),
        (31, 40, 29),
        (0, 71, 29),
        (0, 85, 15),
        (35, 50, 15),
        (46, 50, 4),
    ],
}


def said(expression: str, *gases: float | None, co: float | None = 0, co2: float | None = 0):
    names = [*FAULT_GASES, "carbon_monoxide_ppm", "carbon_dioxide_ppm"]
    columns = ", ".join(f"?::double as {name}" for name in names)
    ((found,),) = duckdb.execute(f"select {expression} from (select {columns})", [*gases, co, co2]).fetchall()
    return found


@pytest.mark.parametrize("case", INSPECTED, ids=lambda case: f"{case[5]} {case[0]}")
def test_faults_that_were_found_by_inspection(case):
    *gases, found, rogers = case
    assert said(duval_zone(), *gases) == found
    assert said(rogers_case(), *gases) == rogers


def test_the_zones_of_the_triangle_are_those_of_the_standard():
    """At each point between the lines of a grid."""
    points = [
        (methane + 0.5, ethylene + 0.25, 99.25 - methane - ethylene)
        for methane in range(100)
        for ethylene in range(100 - methane)
        if methane + ethylene < 99
    ]
    rows = ", ".join(
        f"({methane}, {ethylene}, {acetylene}::double)" for methane, ethylene, acetylene in points
    )
    names = "methane_ppm, ethylene_ppm, acetylene_ppm"
    zones = duckdb.sql(f"select {names}, {duval_zone()} from (values {rows}) as t({names})").fetchall()
    assert len(zones) > 4000
    for *point, zone in zones:
        assert [name for name, corners in ZONES.items() if is_inside(point[1], point[2], corners)] == [
            zone
        ], point


def is_inside(ethylene: float, acetylene: float, corners: list[tuple[int, int, int]]) -> bool:
    """By a ray along ethylene."""
    crossings = 0
    for (_, x, y), (_, other_x, other_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y > acetylene) != (other_y > acetylene):
            crossings += ethylene < x + (acetylene - y) / (other_y - y) * (other_x - x)
    return crossings % 2 == 1


# Rogers' table (IEEE C57.104-2008, table 5), by gases that have the ratios of each case.
@pytest.mark.parametrize(
    ("gases", "case"),
    [
        ((100, 50, 80, 40, 1), "NORMAL"),
        ((1000, 50, 80, 40, 1), "PD"),
        ((200, 100, 10, 50, 60), "D2"),
        ((200, 100, 30, 60, 3), "T1"),
        ((100, 300, 100, 200, 5), "T2"),
        ((100, 300, 50, 400, 20), "T3"),
        ((100, 300, 200, 100, 5), "UNCLEAR"),
        ((100, 50, 10, 20, 90), "UNCLEAR"),
    ],
)
def test_the_cases_of_rogers(gases, case):
    assert said(rogers_case(), *gases) == case


def test_a_gas_that_is_not_known_leaves_the_fault_open():
    assert said(duval_zone(), 100, 50, None, 40, 1) == "T2"
    assert said(rogers_case(), 100, 50, None, 40, 1) is None
    assert said(duval_zone(), 100, None, 80, 40, 1) is None
    assert said(duval_zone(), 900, 0, 0, 0, 0) is None
    assert said(combustible_ppm(), 100, 50, 80, None, 1) is None


@pytest.mark.parametrize(
    ("gases", "also", "condition", "is_above"),
    [
        ((100, 120, 65, 50, 1), {"co": 350, "co2": 2500}, 1, False),
        ((101, 120, 65, 50, 1), {}, 2, True),
        ((100, 120, 65, 50, 10), {}, 3, True),
        ((100, 120, 65, 201, 1), {}, 4, True),
        ((90, 10, 10, 10, 0), {"co": 700}, 3, False),
        ((90, 10, 10, 10, 0), {"co2": 11_000}, 4, False),
        ((650, 390, 99, 99, 8), {"co": 560}, 2, True),
        ((700, 400, 100, 100, 9), {"co": 620}, 3, True),
        ((101, None, None, None, None), {"co": None, "co2": None}, 2, True),
    ],
)
def test_the_worst_gas_tells_the_condition(gases, also, condition, is_above):
    assert said(gas_condition(), *gases, **also) == condition
    assert said(is_above_usual(), *gases, **also) == is_above
