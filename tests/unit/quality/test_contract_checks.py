import pytest

from headrace.contracts.model import Contract
from headrace.quality.checks import silver_checks
from headrace.tables import Append, Table


@pytest.mark.parametrize(
    ("column", "listed"),
    [
        ({"type": "int", "format": "1|2|3"}, "notch not in (1, 2, 3)"),
        ({"type": "string", "format": "low|driver's"}, r"notch not in ('low', 'driver\'s')"),
    ],
)
def test_a_listed_column_may_hold_nothing_else(column: dict, listed: str) -> None:
    columns = {"turn_id": {"type": "string"}, "notch": column}
    contract = Contract.model_validate({"table": "turns", "type": "fact", "columns": columns})

    checks = silver_checks(contract, Table(key="turn_id", write=Append()), "turns", 100)

    (strange,) = [check["notch_strange = 0"] for check in checks if "notch_strange = 0" in check]
    assert strange["notch_strange expression"] == f"count(case when {listed} then 1 end)"


@pytest.mark.parametrize(("arrived", "limits"), [(19, {"warn"}), (20, {"warn", "fail"})])
def test_a_share_of_few_rows_is_told_as_it_is_and_only_warns(arrived: int, limits: set) -> None:
    contract = Contract.model_validate({"table": "turns", "type": "fact", "columns": {"turn_id": "string"}})
    checks = silver_checks(contract, Table(key="turn_id", write=Append()), "turns", arrived)
    (share,) = [check["rejected_percent"] for check in checks if "rejected_percent" in check]
    assert share.keys() & {"warn", "fail"} == limits
    assert share["rejected_percent expression"].startswith("coalesce(100.0 * (")
