"""The checks written by hand: where they are, what they are called, which tables they name."""

from pathlib import Path

import pytest
import yaml

from headrace.contracts.load import domains_found
from headrace.errors import UsageError
from headrace.quality.checks import soda_folder, written
from headrace.refine.catalog import load_tables

REPO = Path(__file__).parents[3]
SHIPPED = [name for name in domains_found() if (REPO / "domains" / name).is_dir()]
FILES = [(domain, file) for domain in SHIPPED for file in sorted(soda_folder(domain).glob("*/*.yml"))]


@pytest.mark.parametrize("domain", SHIPPED)
@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_every_table_has_written_checks_and_no_file_is_an_orphan(domain: str, layer: str) -> None:
    found = {file.stem for file in (soda_folder(domain) / layer).glob("*.yml")}
    assert found == set(load_tables(domain).tables(layer))


@pytest.mark.parametrize(("domain", "file"), FILES, ids=lambda given: getattr(given, "stem", given))
def test_every_check_says_in_words_what_must_hold(domain: str, file: Path) -> None:
    for check in written(file, file.stem):
        assert isinstance(check, dict), check
        ((line, said),) = check.items()
        assert said.get("name"), line


def test_there_is_no_python_beside_the_checks() -> None:
    """Soda itself is a namespace package of this name, which a module here would hide."""
    assert not list((REPO / "soda").rglob("*.py"))


def test_checks_for_another_table_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "levels.yml"
    file.write_text(yaml.safe_dump({"checks for tanks": ["row_count > 0"]}))
    with pytest.raises(UsageError, match=r"levels\.yml: expected a list under `checks for levels`"):
        list(written(file, "levels"))
