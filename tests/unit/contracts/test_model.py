import pytest

from headrace.contracts.model import ColumnSpec


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"type": "string", "format": "A|B"}, ("A", "B")),
        ({"type": "int", "format": "1|2|30"}, (1, 2, 30)),
        ({"type": "long", "format": "-1|9000000000"}, (-1, 9_000_000_000)),
        ({"type": "float", "format": "0.5|1"}, ()),
        ({"type": "string", "format": "RATE-##"}, ()),
        ({"type": "int"}, ()),
    ],
)
def test_the_values_allowed_are_of_the_type_of_their_column(spec: dict, allowed: tuple) -> None:
    assert ColumnSpec.model_validate(spec).allowed == allowed
