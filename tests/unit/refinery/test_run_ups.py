"""Signs of a failure, in plain NumPy: no Spark."""

import numpy as np
import pytest

from domains.refinery.run_ups import FLOW, Sensors, warning_of

QUARTERS = 56
LIMITS = {"warning_low": 10.0, "warning_high": 80.0, "critical_low": 0.0, "critical_high": 100.0}


def unit(kinds: dict[str, list[np.ndarray]]) -> Sensors:
    """Each sensor's levels over a fortnight; 50 is usual, 0 and 100 are critical."""
    levels = [each for of_kind in kinds.values() for each in of_kind]
    names = [kind for kind, of_kind in kinds.items() for _ in of_kind]
    return Sensors(
        ids=np.array([f"S{place}" for place in range(len(levels))]),
        kinds=np.array(names),
        units=np.array(["psi"] * len(levels)),
        levels=np.array(levels),
        limits={name: np.full(len(levels), value) for name, value in LIMITS.items()},
    )


def calm() -> np.ndarray:
    return 50 + np.tile([0.1, -0.1, 0.2, -0.2], QUARTERS // 4)


def rising(to: float, days: int = 5) -> np.ndarray:
    """From 50 on, evenly over the last days."""
    levels = calm()
    levels[-4 * days :] += np.linspace(0, to - 50, 4 * days)
    return levels


def test_a_calm_unit_gives_no_sign():
    found = warning_of(unit({"Vibration": [calm()] * 8, FLOW: [calm()] * 8}), 1.0)
    assert found["sign"] == "NONE"
    assert found["confidence"] < 0.02
    assert "sensor_id" not in found


def test_several_sensors_of_a_kind_that_rise_are_a_sign_with_the_hours_to_the_limit():
    """Two thirds of the way in five days: what is left takes two days and a half."""
    found = warning_of(
        unit({"Vibration": [calm()] * 5 + [rising(80.0)] * 4, "Temperature": [rising(70.0)] * 3}), 1.0
    )
    assert (found["sign"], found["limit_kind"], found["limit_value"]) == ("STRONG", "critical_high", 100)
    assert found["driving_sensors"] == "Vibration 4 of 9, Temperature 3 of 3"
    assert found["driving_sensor_ids"] == ["S5", "S6", "S7", "S8"]
    assert (found["sensor_id"], found["sensor_type"]) == ("S5", "Vibration")
    assert found["hours_to_critical"] == pytest.approx(20 / (30 / 19) * 6, rel=0.05)
    assert found["hours_to_warning"] == pytest.approx(0, abs=1)
    assert found["confidence"] > 0.95
    assert found["current_value"] == pytest.approx(80, abs=0.5)
    assert found["usual_value"] == pytest.approx(50, abs=0.5)


def test_what_falls_is_measured_on_the_way_to_the_low_limit():
    found = warning_of(unit({"Pressure": [rising(20.0)] * 6}), 1.0)
    assert (found["sign"], found["limit_kind"], found["limit_value"]) == ("STRONG", "critical_low", 0)


def test_one_sensor_or_two_are_an_instrument_and_no_sign():
    assert warning_of(unit({"Vibration": [calm()] * 6 + [rising(95.0)] * 2}), 1.0)["sign"] == "NONE"


def test_sensors_that_move_apart_are_no_sign():
    both = [rising(80.0)] * 2 + [rising(20.0)] * 2
    assert warning_of(unit({"Pressure": [calm()] * 4 + both}), 1.0)["sign"] == "NONE"


def test_a_new_level_that_stays_is_no_sign():
    moved = calm()
    moved[-16:] += 30
    assert warning_of(unit({"Pressure": [moved] * 6}), 1.0)["sign"] == "NONE"


def test_flow_that_follows_the_charge_is_no_sign():
    less = calm()
    less[-10:] *= np.linspace(1, 0.6, 10)
    assert warning_of(unit({FLOW: [less] * 6}), 1.0)["sign"] != "NONE"
    assert warning_of(unit({FLOW: [less] * 6}), 0.65)["sign"] == "NONE"


def test_a_unit_without_flow_stands_whatever_production_says():
    gone = calm()
    gone[-3:] = 0.2
    assert warning_of(unit({FLOW: [gone] * 6, "Pressure": [gone] * 6}), 1.0) == {"sign": "STANDS"}


def test_a_stand_that_only_its_flow_meters_tell_of_is_left_out():
    """It stood for a quarter of the day, and is hot again half a day later."""
    flow, temperature = calm(), calm()
    flow[-3], temperature[-3], temperature[-2], temperature[-1] = 0.2, 10, 25, 40
    assert warning_of(unit({"Temperature": [temperature] * 6}), 1.0)["sign"] != "NONE"
    assert warning_of(unit({FLOW: [flow] * 6, "Temperature": [temperature] * 6}), 1.0)["sign"] == "NONE"


def test_a_unit_that_was_overhauled_is_judged_by_its_first_days_or_not_at_all():
    new, known = rising(75.0, days=2), rising(75.0, days=2)
    new[:-8], known[:-20] = np.nan, np.nan
    assert warning_of(unit({"Pressure": [new] * 6}), 1.0) == {"sign": "RESTARTED"}
    assert warning_of(unit({"Pressure": [known] * 6}), 1.0)["sign"] == "STRONG"
