import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from headrace.contracts.model import Arrives, ChangeFeed, ColumnSpec, Contract

ROOT = Path(__file__).parents[3]
HOLDERS = {
    Contract: r"(?:contract|contracts\[\w+\]|self|stated|c)",
    ColumnSpec: "(?:spec|column)",
    Arrives: "arrives",
    ChangeFeed: "(?:feed|self)",
}
KEYS = [(model, key) for model in HOLDERS for key in model.model_fields]


@pytest.fixture(scope="module")
def code() -> str:
    folders = [each for each in ROOT.iterdir() if each.is_dir() and each.name not in ("tests", ".venv")]
    return "\n".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))


@pytest.mark.parametrize(("model", "key"), KEYS, ids=lambda each: getattr(each, "__name__", each))
def test_every_key_is_read_somewhere(model: type[BaseModel], key: str, code: str) -> None:
    assert re.search(rf"\b{HOLDERS[model]}\.{key}\b(?!\()", code), f"{key} has no effect"


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"type": "string", "format": "A|B"}, ("A", "B")),
        ({"type": "int", "format": "1|2|30"}, (1, 2, 30)),
        ({"type": "long", "format": "-1|9000000000"}, (-1, 9_000_000_000)),
        ({"type": "string", "format": "RATE-##"}, ()),
        ({"type": "int"}, ()),
    ],
)
def test_the_values_allowed_are_of_the_type_of_their_column(spec: dict, allowed: tuple) -> None:
    assert ColumnSpec.model_validate(spec).allowed == allowed
