"""What Terraform says goes into the file of settings, and nothing else there is touched."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from headrace.engines import environment
from headrace.engines.environment import told_by_terraform, written_into
from headrace.errors import HeadraceError, UsageError


def test_lines_of_ones_own_stay_and_those_of_the_environment_change(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nHEADRACE_MEMORY=4g\nHEADRACE_EMR_ID=j-OLD\n")
    assert written_into(file, {"emr_id": "j-NEW", "engine": "emr"}) == 2
    assert file.read_text().splitlines() == [
        "# mine", "HEADRACE_MEMORY=4g", "HEADRACE_EMR_ID=j-NEW", "HEADRACE_ENGINE=emr",
    ]  # fmt: skip


def test_a_setting_that_the_environment_has_no_more_leaves_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HEADRACE_MEMORY=4g\nHEADRACE_DATABASE_PREFIX=dev_\nexport HEADRACE_LOGS_URL=s3://old\n")
    assert written_into(file, {"database_prefix": "", "logs_url": "", "emr_id": "j-1", "workgroup": ""}) == 3
    assert file.read_text().splitlines() == ["HEADRACE_MEMORY=4g", "HEADRACE_EMR_ID=j-1"]


def test_a_setting_that_is_empty_or_null_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"database_prefix": "", "alerts_topic_arn": None, "engine": "emr"}
    monkeypatch.setattr(environment, "_outputs", lambda _: {"settings": {"value": said}})
    assert told_by_terraform(tmp_path) == {"database_prefix": "", "alerts_topic_arn": "", "engine": "emr"}


def test_of_an_environment_its_compute_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(environment, "_outputs", lambda it: asked.append(it) or {"settings": {"value": {}}})
    told_by_terraform(tmp_path)
    (tmp_path / "compute").mkdir()
    told_by_terraform(tmp_path)
    assert asked == [tmp_path, tmp_path / "compute"]


@pytest.mark.parametrize(
    ("into", "said"), [("", "is a folder; name the file"), ("no/.env", "there is no folder")]
)
def test_a_file_that_cannot_be_is_told_before_terraform_is_asked(
    tmp_path: Path, into: str, said: str
) -> None:
    words = ["configure", "--from-terraform", str(tmp_path), "--into", str(tmp_path / into)]
    asked = CliRunner().invoke(app, words)
    assert isinstance(asked.exception, UsageError)
    assert said in str(asked.exception)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="infra/envs/dev"):
        told_by_terraform(tmp_path / "nowhere")


def test_a_folder_where_nothing_was_applied_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(UsageError, match="was terraform apply run there"):
        told_by_terraform(tmp_path)


def test_a_folder_that_was_never_initialised_is_told_in_a_line_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    with pytest.raises(UsageError, match="run terraform init there, with the bucket") as raised:
        told_by_terraform(tmp_path)
    assert "\n" not in str(raised.value)


def test_without_terraform_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HeadraceError, match="terraform is not on the PATH"):
        told_by_terraform(tmp_path)
