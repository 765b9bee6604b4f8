"""The headline of the demo: which units are about to fail?"""

import pytest

from benchmarks.figures import warnings


def test_the_demo_ends_with_the_units_that_are_about_to_fail_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "SPAN_DAYS", 14)
    found = warnings.warnings_of(1092).set_index("unit_id")
    about_to_fail = found[found["fails_in"].between(1, 72) & found["is_in_run_up"]]
    assert sorted(about_to_fail.index) == ["UNIT-00002", "UNIT-00008"]
    assert sorted(about_to_fail["place"]) == [1, 2]
    assert found.loc["UNIT-00008", "sign"] == "STRONG"
    assert set(found[found["sign"].isin(["STRONG", "WEAK"])].index) == {"UNIT-00002", "UNIT-00008"}
    assert found.loc["UNIT-00026", "sign"] == "STANDS"
