"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.contracts.load import domain_folder, domains_found, load_contracts
from headrace.refine.catalog import load_tables
from headrace.writes.node import Ref

ROOT = Path(__file__).parents[2]
MAY_NAME_THE_TRUTH = (
    "headrace/settings.py",
    "headrace/lake/paths.py",
    "simulation/",
)
TRUTH = {"truth", "truth_root", "truth_url"}
HOSTS = ("py" + "pi.org", "python" + "hosted", "repo1." + "maven", "repo.maven." + "apache", "index" + "-url")


def python_files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def files_of_the_repo() -> list[Path]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [file for name in names if (file := ROOT / name).is_file() and file.suffix != ".png"]


def test_no_folder_is_empty_but_for_its_init():
    inhabited = {file.parent for file in files_of_the_repo() if file.name != "__init__.py"}
    packages = [file.parent for file in files_of_the_repo() if file.name == "__init__.py"]

    assert [
        str(package)
        for package in packages
        if not any(package in (home, *home.parents) for home in inhabited)
    ] == []


def test_the_readme_names_every_folder_that_is_there():
    named = re.findall(r"^\| `(\w+)/` \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    there = {file.relative_to(ROOT).parts[0] for file in files_of_the_repo() if file.parent != ROOT}

    assert sorted(named) == sorted(name for name in there if not name.startswith("."))


def sector_words() -> Iterator[str]:
    for domain in domains_found():
        yield domain
        yield from (table for table in load_contracts(domain) if "_" in table)


def test_whatever_rules_of_alarms_a_sector_has_are_declared_by_its_table_of_alarms():
    declared = {domain for domain in domains_found() if Ref("silver", "alarms") in load_tables(domain).nodes}

    assert declared == {
        domain for domain in domains_found() if (domain_folder(domain) / "alarms.yml").exists()
    }


def test_library_and_simulator_name_no_sector_and_none_of_its_tables():
    words = re.compile(rf"\b({'|'.join([*sector_words(), 'refineries', 'crude'])})\b", re.IGNORECASE)

    found = {str(file): words.findall(file.read_text()) for file in python_files("headrace", "simulation")}

    assert {file: named for file, named in found.items() if named} == {}


def test_soda_holds_no_python():
    """It would hide the library of the same name."""
    assert python_files("soda") == []


def test_no_registry_is_named_anywhere():
    named = [str(file) for file in files_of_the_repo() if any(host in file.read_text() for host in HOSTS)]

    assert named == []


def test_no_file_names_a_folder_of_this_machine():
    here = [f"{ROOT.parent}/", f"{Path.home()}/"]

    assert [
        str(file) for file in files_of_the_repo() if any(place in file.read_text() for place in here)
    ] == []


def reads_truth(file: Path) -> bool:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    by_name = any(isinstance(node, ast.Attribute) and node.attr in TRUTH for node in nodes)
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return by_name or any(re.search(r"/truth\b|\btruth/|HEADRACE_TRUTH", text) for text in texts)


def test_only_the_generator_and_the_score_know_where_the_truth_lies():
    parts = python_files("headrace", "simulation", "domains", "flows", "tasks", "streaming", "cli")
    names = [str(file.relative_to(ROOT)) for file in parts if reads_truth(file)]

    assert [name for name in names if not name.startswith(MAY_NAME_THE_TRUTH)] == []


def statements(*places: str) -> list[Path]:
    return [file for place in places for file in sorted(ROOT.glob(place))]


QUERIES = statements("domains/*/detections/*.sql", "domains/*/queries/*.sql")
CHECKS = statements("soda/**/*.yml")


@pytest.mark.parametrize("file", [*QUERIES, *CHECKS], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_query_and_no_check_reads_the_truth(file):
    assert re.findall(r"planted|truth|findings", file.read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize(
    "file", statements("domains/*/detections/*.sql", "soda/**/*.yml"), ids=lambda file: file.stem
)
def test_nothing_is_detected_by_an_opinion_of_the_source(file):
    """A simulator may mark what it spoiled: a source's own codes are shown, never taken for a finding."""
    opinions = r"reading_quality|uncertain|is_bad|bad_count|is_interpolated|downtime_cause"

    assert re.findall(opinions, file.read_text(), re.IGNORECASE) == []


def test_only_settings_read_our_part_of_the_environment():
    parts = python_files("headrace", "simulation", "domains", "flows", "tasks", "streaming", "cli")
    ours = re.compile(r"(environ|getenv)\b[^\n]*HEADRACE_")
    readers = [str(file.relative_to(ROOT)) for file in parts if ours.search(file.read_text())]

    assert readers == []


@pytest.mark.parametrize(
    ("source", "allowed"),
    [("domains", {"tables", "models"}), ("flows", {"settings"})],
)
def test_every_part_of_the_library_is_named_in_the_import_rules(source, allowed):
    """A new module is forbidden to these until somebody allows it."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (rule,) = [rule for rule in rules if rule.get("source_modules") == [source]]
    parts = {
        part.stem
        for part in (ROOT / "headrace").iterdir()
        if part.suffix == ".py" or (part / "__init__.py").exists()
    }

    forbidden = {name.removeprefix("headrace.") for name in rule["forbidden_modules"]}

    assert parts - {"__init__"} - allowed <= forbidden
