"""An environment as it is applied: by the real provider, against AWS on this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from headrace.engines.environment import told_by_terraform, written_into
from headrace.settings import Settings
from rehearsal.aws.running import Aws, aws
from rehearsal.terraform import Terraform

ROOT = Path(__file__).parents[2]
GIVEN = {
    "TF_VAR_prefect_api_url": "http://127.0.0.1:4200/api",
    "TF_VAR_has_prefect_api_key": "false",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    there = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch, aws(there / "aws.log", broker="127.0.0.1:9098") as running:
        for name, value in {**running.environment, **GIVEN}.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, for Terraform writes beside what it reads."""
    there = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "infra", there / "infra", ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copy(ROOT / "requirements.lock", there)
    return there


def applied(folder: Path, data: Path, *backend: str) -> Terraform:
    terraform = Terraform(folder, data)
    terraform.init(*backend)
    terraform.run("apply", "-auto-approve", "-input=false")
    return terraform


def test_an_environment_is_applied_once_and_destroyed_whole(
    cloud: Aws, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = applied(repository / "infra/bootstrap", tmp_path / "first")
    bucket = first.outputs()["state_bucket"]
    dev = applied(repository / "infra/envs/dev", tmp_path / "dev", f"-backend-config=bucket={bucket}")
    monkeypatch.setenv("TF_DATA_DIR", str(dev.data))
    told = told_by_terraform(dev.folder)
    assert written_into(tmp_path / ".env", told) == len(told)
    assert written_into(tmp_path / ".env", told) == 0
    settings = Settings(_env_file=tmp_path / ".env")
    assert (settings.engine, settings.kafka_bootstrap) == ("emr", "127.0.0.1:9098")
    assert settings.lake.startswith("s3a://headrace-dev-lake-")
    assert told["settings"]["kafka_bootstrap"] == "127.0.0.1:9098"
    assert (
        boto3.client("emr").describe_cluster(ClusterId=told["settings"]["emr_id"])["Cluster"]["Name"]
        == "headrace-dev"
    )
    assert dev.run("plan", "-detailed-exitcode", "-input=false"), "a second plan would change something"
    dev.run("destroy", "-auto-approve", "-input=false")
    assert dev.run("state", "list") == ""
    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == [bucket]
    assert os.environ["AWS_ENDPOINT_URL"] == cloud.url
