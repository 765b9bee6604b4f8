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

    checks = silver_checks(contract, Table(key="turn_id", write=Append()), "turns")

    (strange,) = [check["notch_strange = 0"] for check in checks if "notch_strange = 0" in check]
    assert strange["notch_strange expression"] == f"count(case when {listed} then 1 end)"
