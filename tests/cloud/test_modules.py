"""Every module keeps its promises: what is refused, what is encrypted, what is closed. Told without an account."""

from pathlib import Path

import pytest

from headrace.errors import HeadraceError
from rehearsal.terraform import PROVIDER, Terraform, plugin_dir
from tests.cloud.conftest import INFRA

TESTED = sorted(each.parents[1].relative_to(INFRA) for each in INFRA.glob("**/tests/*.tftest.hcl"))


def test_all_of_it_is_written_as_terraform_writes_it(infra: Path) -> None:
    Terraform(infra, infra / ".data").run("fmt", "-check", "-recursive", "-diff")


def test_every_module_and_every_environment_has_tests() -> None:
    kept = {each.relative_to(INFRA) for kind in ("modules/*", "envs/*/*") for each in INFRA.glob(kind)}
    assert kept <= set(TESTED)


def test_all_that_is_applied_takes_the_same_provider_on_two_platforms() -> None:
    roots = [INFRA / "bootstrap", *INFRA.glob("envs/*/*")]
    (lock,) = {(root / ".terraform.lock.hcl").read_text() for root in roots}
    assert lock.count('"h1:') == 2
    assert 'version     = "5.100.0"' in lock


@pytest.mark.parametrize("module", TESTED, ids=str)
def test_a_module_is_valid_and_keeps_its_promises(module: Path, infra: Path, tmp_path: Path) -> None:
    terraform = Terraform(infra / module, tmp_path / "data")
    terraform.init("-backend=false")
    assert "Success!" in terraform.run("test")  # which validates it first


EXAMPLES = sorted(each.parent.relative_to(INFRA) for each in INFRA.glob("examples/*/*/main.tf"))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_valid(example: Path, infra: Path, tmp_path: Path) -> None:
    terraform = Terraform(infra / example, tmp_path / "data")
    terraform.init("-backend=false")
    terraform.run("validate")


def test_there_are_examples_and_a_page_that_names_each() -> None:
    page = (INFRA / "examples/README.md").read_text()
    assert len(EXAMPLES) >= 6
    assert all(f"]({each.parts[1]})" in page for each in EXAMPLES)


def test_what_terraform_complains_of_is_told_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('output "x" { value = nothing.at_all }')
    terraform = Terraform(tmp_path, tmp_path / "data")
    terraform.run("init", "-input=false")
    with pytest.raises(HeadraceError, match=f"terraform validate in {tmp_path}"):
        terraform.run("validate")


def test_a_mirror_is_named_by_its_variable_or_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path))
    assert plugin_dir() == tmp_path
    monkeypatch.delenv("TF_PLUGIN_DIR")
    monkeypatch.setattr("rehearsal.terraform.MIRRORS", (str(tmp_path / "mirror"),))
    (tmp_path / "mirror" / PROVIDER).mkdir(parents=True)
    assert plugin_dir() == tmp_path / "mirror"
