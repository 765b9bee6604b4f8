"""What AWS asks of a network and neither Terraform nor AWS on this machine minds."""

import re
from collections.abc import Iterator
from pathlib import Path

INFRA = Path(__file__).parents[2] / "infra"
RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
RULES = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
SPOKEN = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""What EC2 takes as the description of a group or a rule."""


def _resources(folder: Path) -> Iterator[tuple[str, str, str]]:
    for file in sorted(folder.glob("**/*.tf")):
        yield from RESOURCE.findall(file.read_text())


def test_groups_and_rules_are_described_in_letters_that_ec2_takes() -> None:
    described = [
        (name, re.sub(r"\$\{[^}]*\}", "", text))
        for kind, name, body in _resources(INFRA)
        if kind in ("aws_security_group", *RULES)
        for text in re.findall(r'^\s*description\s*=\s*"(.*)"$', body, re.MULTILINE)
    ]
    assert len(described) > 10
    assert [each for each in described if not SPOKEN.fullmatch(each[1])] == []


def test_whoever_takes_the_network_waits_for_all_of_it() -> None:
    waited_for = (*RULES, "aws_vpc_endpoint", "aws_route", "aws_route_table_association")
    for module, at_least in (("network", 3), ("cluster_network", 8)):
        network = INFRA / "modules" / module
        outputs = "\n".join(
            re.findall(r"depends_on = \[(.*?)\]$", (network / "outputs.tf").read_text(), re.S | re.M)
        )
        made = {f"{kind}.{name}" for kind, name, _ in _resources(network) if kind in waited_for}
        assert len(made) >= at_least
        assert made == set(re.findall(r"\w+\.\w+", outputs))
