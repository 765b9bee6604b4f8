"""A command without documentation is a failed test; so is a documented one that does not exist."""

import re
import shlex
from pathlib import Path

import pytest

from cli.deployments import prefect_files
from cli.docs import env_example
from cli.examples import domains
from cli.main import COMMANDS as PANELS
from cli.main import command

ROOT = Path(__file__).parents[2]
COMMANDS = {name: command(name, line) for lines in PANELS.values() for name, line in lines.items()}
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{name}.md" for name in ("operations", "cloud", "first-apply", "producers", "databricks")),
)
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def typed(page: str, program: str) -> list[list[str]]:
    """What a page tells people to type: lines of code blocks and inline code."""
    text = (ROOT / page).read_text()
    blocks = [
        line.strip()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line.split(" #")[0].removeprefix("$ ").removeprefix(".venv/bin/") for line in [*blocks, *inline]]
    return [shlex.split(line)[1:] for line in lines if line.split(" ")[0] == program]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_gives_an_example(name):
    command = COMMANDS[name]

    assert (command.help or "").strip()
    assert f"headrace {name}" in (command.epilog or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    silent = [each.name for each in COMMANDS[name].params if not getattr(each, "help", "")]

    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_uses_options_that_exist(name):
    for line in re.findall(r"^headrace (.+)$", COMMANDS[name].epilog or "", flags=re.MULTILINE):
        assert_exists(shlex.split(line.split(" > ")[0]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_or_the_operations_page(name):
    assert any(f"headrace {name}" in (ROOT / page).read_text() for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_pages_exist(page):
    for words in typed(page, "headrace"):
        if words:
            assert_exists(words)


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_in_the_pages_exist(page):
    for words in typed(page, "make"):
        assert [word for word in words if "=" not in word and word not in TARGETS] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_in_the_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())

    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_the_example_of_settings_is_current():
    assert (ROOT / ".env.example").read_text() == env_example(), "run: make docs"


def test_the_deployments_are_current():
    found = prefect_files(domains())

    assert {name: (ROOT / name).read_text() for name in found} == found, "run: make docs"


def assert_exists(words: list[str]) -> None:
    name, *rest = words
    if name in ("--help", "-h"):
        return
    assert name in COMMANDS, f"headrace {name}"
    known = {flag for param in COMMANDS[name].params for flag in (*param.opts, *param.secondary_opts)}
    assert [word for word in rest if word.startswith("--") and word not in {*known, "--help"}] == []


def test_every_decision_has_a_number_of_its_own():
    numbers = [page.name[:3] for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]

    assert numbers == [f"{number:03d}" for number in range(1, len(numbers) + 1)]
