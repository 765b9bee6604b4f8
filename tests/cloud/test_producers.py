"""What docs/producers.md shows can be taken as it stands."""

import re
from pathlib import Path

from rehearsal.terraform import Terraform

PAGE = Path(__file__).parents[2] / "docs" / "producers.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_its_terraform_is_valid(tmp_path: Path) -> None:
    examples = [block for block in blocks("hcl") if "resource " in block]
    assert len(examples) == 3
    for place, example in enumerate(examples):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "main.tf").write_text(example)
        assert 'variable "producers"' in example, "the file beside it sets this one"
        terraform = Terraform(folder, folder / "data")
        terraform.init()
        terraform.run("fmt", "-check", "-diff")
        terraform.run("validate")


def test_its_terraform_asks_for_outputs_that_there_are() -> None:
    outputs = (PAGE.parents[1] / "infra/modules/data/outputs.tf").read_text()
    told = set(re.findall(r"^    (\w+) +=", outputs, re.MULTILINE))
    asked = set(re.findall(r"var\.producers\.(\w+)", "".join(blocks("hcl"))))
    assert asked >= {"bootstrap", "bootstrap_with_password", "cluster_arn", "private_routes"}
    assert asked <= told


def test_its_python_compiles_and_names_options_that_there_are() -> None:
    from kafka import KafkaProducer

    (program,) = blocks("python")
    compile(program, "send.py", "exec")
    options = set(re.findall(r"^    (\w+)=", program, re.MULTILINE))
    assert options
    assert options <= set(KafkaProducer.DEFAULT_CONFIG)
