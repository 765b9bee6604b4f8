"""Every variable says what it takes: a wrong value is told when it is given, not by AWS an hour later."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.cloud.conftest import INFRA

VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
NOTHING_TO_TELL: dict[str, str] = {}
"""file.tf:variable, and why no value of it can be told to be wrong."""


def variables(folder: Path = INFRA) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("**/*.tf")):
        if ".terraform" not in file.parts:
            for name, body in VARIABLE.findall(file.read_text()):
                yield f"{file.relative_to(folder)}:{name}", body


def lacking(found: dict[str, str]) -> set[str]:
    return {name for name, body in found.items() if "  validation {" not in body and not is_bool(body)}


def is_bool(body: str) -> bool:
    return re.search(r"^  type +=[ ]bool$", body, re.MULTILINE) is not None


def test_every_variable_is_typed_and_described() -> None:
    found = dict(variables())
    assert len(found) > 100
    for said in ("type", "description"):
        assert [name for name, body in found.items() if not re.search(rf"^  {said} +=", body, re.M)] == []


def test_every_variable_that_can_be_wrong_is_validated() -> None:
    assert lacking(dict(variables())) == set(NOTHING_TO_TELL)
    assert all(NOTHING_TO_TELL.values())


def test_one_that_is_not_validated_is_found(tmp_path: Path) -> None:
    one = 'variable "{}" {{\n  type = {}\n{}}}\n'
    rule = "  validation {\n    condition = true\n  }\n"
    texts = (
        one.format("open", "string", ""),
        one.format("held", "string", rule),
        one.format("on", "bool", ""),
    )
    (tmp_path / "a.tf").write_text("".join(texts))
    assert lacking(dict(variables(tmp_path))) == {"a.tf:open"}


def test_no_object_drops_what_is_misspelled() -> None:
    """Terraform leaves out attributes that an object with optional ones does not know, and says nothing."""
    assert [name for name, body in variables() if "optional(" in body] == []


def test_environments_have_the_same_variables_and_differ_in_defaults_alone() -> None:
    """Two roots share no text, so each has all of it."""
    for root in ("data", "compute"):
        dev, prod = (
            {name.rpartition(":")[2]: body for name, body in variables(INFRA / "envs" / env / root)}
            for env in ("dev", "prod")
        )
        assert without_defaults(dev) == without_defaults(prod)


def without_defaults(found: dict[str, str]) -> dict[str, str]:
    plain = {name: body.replace("dev_", "prod_") for name, body in found.items()}
    return {name: re.sub(r"^  default .*$", "", body, flags=re.MULTILINE) for name, body in plain.items()}
