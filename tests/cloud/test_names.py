"""Two regions, and two environments, of one account do not collide: names that are one in an account say both."""

import re

from tests.cloud.conftest import INFRA

BLOCK = re.compile(r'^(resource|module) "(\w+)"(?: "(\w+)")? \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
GLOBAL = ("aws_iam_role", "aws_iam_instance_profile", "aws_iam_policy", "aws_budgets_budget")
REGION = ("local.prefix", "aws_region.this.id", "local.place")


def global_names() -> dict[str, str]:
    """By where they are given: names of roles, profiles, buckets and budgets."""
    found = {}
    for file in sorted((INFRA / "modules").glob("*/*.tf")):
        for kind, name, more, body in BLOCK.findall(file.read_text()):
            is_module = kind == "module" and re.search(r'source += "\.\./(role|bucket)"', body)
            if (is_module or name in GLOBAL) and file.parent.name not in ("role", "bucket"):
                given = re.search(r"^  (?:name|role_name) += (.*)$", body, re.MULTILINE)
                assert given, f"{file.name} {name} {more}"
                found[f"{file.parent.name}.{name}.{more}"] = given[1]
    return found


def test_names_that_are_one_in_an_account_say_environment_and_region() -> None:
    names = global_names()
    assert len(names) >= 9
    locals_of = {file.parent.name: file.read_text() for file in (INFRA / "modules").glob("*/main.tf")}
    for where, name in names.items():
        if name.startswith(("local.", "each.value.")):
            inner = name.removeprefix("local.").removeprefix("each.value.")
            told = re.findall(rf'\b{inner} += (".*?")', locals_of[where.split(".")[0]])
            assert told, where
        else:
            told = [name]
        assert all(any(each in one for each in REGION) for one in told), (where, told)
    assert 'prefix    = "${var.name}-${local.region}"' in locals_of["access"]


def test_one_state_a_root() -> None:
    keys = [
        re.search(r'key += "(.*)"', file.read_text())[1]  # type: ignore[index]
        for file in sorted((INFRA / "envs").glob("*/*/versions.tf"))
    ]
    assert len(set(keys)) == len(keys) == 4
