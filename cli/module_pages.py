"""README.md of each module of Terraform, with its inputs and outputs as terraform-docs writes them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- BEGIN_TF_DOCS -->\n", "<!-- END_TF_DOCS -->\n"
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
"""As `terraform fmt` leaves them, so no parser of the whole language is needed."""
ATTRIBUTE = r"^  {name} += (.*?)(?=^  \w+ += |^  \w+ \{{|^$|\Z)"
INPUTS = (
    "## Inputs\n\n| Name | Description | Type | Default | Required |\n"
    "|------|-------------|------|---------|:--------:|\n"
)
OUTPUTS = "## Outputs\n\n| Name | Description |\n|------|-------------|\n"


def module_pages() -> dict[str, str]:
    """What is written by hand before and behind the tables stays."""
    folders = sorted(each.parent for each in (ROOT / "infra/modules").glob("*/variables.tf"))
    return {str(each.relative_to(ROOT) / "README.md"): _page(each) for each in folders}


def _page(module: Path) -> str:
    file = module / "README.md"
    text = file.read_text() if file.exists() else f"# {module.name}\n\n{_says(module)}\n\n{BEGIN}{END}"
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{tables(module)}{END}{rest.partition(END)[2]}"


def _says(module: Path) -> str:
    """The comment at the top of main.tf."""
    comment = re.match(r"(?:#.*\n)+", (module / "main.tf").read_text())
    return re.sub(r"^# ?", "", comment[0], flags=re.MULTILINE).strip() if comment else ""


def tables(module: Path) -> str:
    texts = "\n".join(each.read_text() for each in sorted(module.glob("*.tf")))
    found = sorted(BLOCK.findall(texts), key=lambda each: each[1])
    inputs = [_input(name, body) for kind, name, body in found if kind == "variable"]
    outputs = [_output(name, body) for kind, name, body in found if kind == "output"]
    return INPUTS + "".join(inputs) + "\n" + (OUTPUTS + "".join(outputs) if outputs else "")


def _input(name: str, body: str) -> str:
    default = _attribute("default", body)
    given = f"`{default}`" if default else "n/a"
    row = [
        _link("input", name),
        _told(body),
        f"`{_attribute('type', body)}`",
        given,
        "no" if default else "yes",
    ]
    return f"| {' | '.join(row)} |\n"


def _output(name: str, body: str) -> str:
    return f"| {_link('output', name)} | {_told(body)} |\n"


def _link(kind: str, name: str) -> str:
    escaped = name.replace("_", r"\_")
    return f'<a name="{kind}_{name}"></a> [{escaped}](#{kind}\\_{escaped})'


def _told(body: str) -> str:
    return _attribute("description", body).strip('"').replace(r"\"", '"').replace("|", r"\|")


def _attribute(name: str, body: str) -> str:
    """On one line."""
    found = re.search(ATTRIBUTE.format(name=name), body, re.MULTILINE | re.DOTALL)
    return " ".join(_lines(found[1])) if found else ""


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
