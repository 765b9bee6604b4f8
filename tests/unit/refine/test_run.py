from types import SimpleNamespace
from typing import Any

import pytest

from headrace.refine import run


def test_a_fault_in_a_table_keeps_its_kind_and_says_which_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> Any:
        raise ZeroDivisionError("by nought")

    monkeypatch.setitem(run._STEPS, "bronze", fault)
    with pytest.raises(ZeroDivisionError) as raised:
        run._timed(SimpleNamespace(), "bronze", "pumps")  # type: ignore[arg-type]
    assert raised.value.__notes__ == ["while refining bronze.pumps"]
