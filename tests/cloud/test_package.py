"""The code as a cluster gets it: packed once, complete, and able to run beside nothing but its archives."""

import json
import platform
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from headrace.engines import package
from headrace.engines.package import Package, packed, stamp, stamped
from headrace.errors import UsageError
from headrace.lake import objects
from headrace.settings import Settings, versions
from rehearsal.aws.server_process import REGION

BUCKET = "test-artifacts"
HERE = "arm64" if platform.machine() == "aarch64" else "x86_64"
SETTINGS = Settings.model_validate({"artifacts_url": f"s3://{BUCKET}", "architecture": HERE})
BESIDE = """
import sys
sys.path[:] = [each for each in sys.path if "site-packages" not in each]
sys.path[:0] = ["code", "needs"]
import deltalake, duckdb, kafka, numpy, pandas, pyarrow, scipy, yaml
from headrace.contracts.load import domains_found, load_contracts
print(sum(len(load_contracts(domain)) for domain in domains_found()))
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Package]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        objects._s3.cache_clear()
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield packed(SETTINGS)
    objects._s3.cache_clear()


def fetched(url: str, into: Path) -> Path:
    into.write_bytes(objects.get(url) or b"")
    return into


def test_the_same_code_is_packed_and_uploaded_once(made: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise AssertionError("it was uploaded a second time")

    monkeypatch.setattr(objects, "put_file", refuses)
    assert packed(SETTINGS) == made


def test_the_archives_are_all_that_a_job_needs_beside_spark(made: Package, tmp_path: Path) -> None:
    with zipfile.ZipFile(fetched(made.code, tmp_path / "code.zip")) as code:
        code.extractall(tmp_path / "code")
    with tarfile.open(fetched(made.needs, tmp_path / "needs.tar.gz")) as needs:
        needs.extractall(
            tmp_path / "needs", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    assert not (tmp_path / "needs" / "pyspark").exists(), "the cluster has its own"
    ran = subprocess.run([sys.executable, "-S", "-c", BESIDE], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 0
    assert any("delta" in jar for jar in made.jars)
    assert any("kafka" in jar for jar in made.jars)


def test_where_nobody_unpacks_them_the_entry_does_and_a_job_runs(made: Package, tmp_path: Path) -> None:
    """Beside Spark's own packages and nothing else, as on a cluster of Databricks."""
    brought = tmp_path / "runtime"
    brought.mkdir()
    for name in ("pyspark", "py4j"):
        (brought / name).symlink_to(Path(str(import_module(name).__file__)).parent)
    archives = [str(fetched(url, tmp_path / Path(url).name)) for url in (made.code, made.needs)]
    entry, result = fetched(made.entry, tmp_path / "run.py"), tmp_path / "result.json"
    asked = {
        "kind": "jobs",
        "jobs": [{"name": "receipt", "domain": "refinery"}],
        "settings": {"HEADRACE_HOME": str(tmp_path / "home")},
        "result": str(result),
    }
    words = [json.dumps(asked), json.dumps({"archives": archives})]
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(brought)}
    command = [sys.executable, "-S", str(entry), *words]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    (done,) = json.loads(result.read_text())["done"]
    assert done["summary"]["balanced"]


def test_the_packages_are_named_by_all_that_decides_which_they_are(
    made: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "_install", lambda _, folder, *__: folder.mkdir())
    monkeypatch.setattr(package, "NOT_ON_A_CLUSTER", (*package.NOT_ON_A_CLUSTER, "scipy"))
    fewer = packed(SETTINGS)
    assert fewer.needs != made.needs
    assert fewer.code == made.code


def test_they_are_packed_for_the_machines_that_there_are(
    made: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word of it for those that Terraform makes by itself, of the same list of versions."""
    packed_for: list[str] = []

    def install(_: Path, folder: Path, __: str, platform: str) -> None:
        packed_for.append(platform)
        folder.mkdir()

    monkeypatch.setattr(package, "_install", install)
    monkeypatch.setattr(
        package, "NOT_ON_A_CLUSTER", (*package.NOT_ON_A_CLUSTER, "duckdb")
    )  # none of these is there
    architectures = ("arm64", "x86_64", "")
    needs = [packed(SETTINGS.model_copy(update={"architecture": each})).needs for each in architectures]
    assert packed_for == ["aarch64-manylinux_2_28", "x86_64-manylinux_2_28"], "the third is one of the two"
    assert needs[2] == dict(zip(architectures, needs, strict=True))[versions()["architecture"]]
    assert needs[0] != needs[1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"entry": "s3a://a/run.py"}', '{"jars": 7}', '{"jars": []}']
)
def test_a_broken_stamp_is_told_with_its_remedy(text: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(text)
    with pytest.raises(
        UsageError, match=r"is broken or of another version .* headrace package writes it anew"
    ):
        stamped("emr", tmp_path / "package.json")


def test_what_belongs_together_goes_with_the_flows(made: Package, tmp_path: Path) -> None:
    stamp(made, tmp_path / "package.json")
    assert stamped("emr", tmp_path / "package.json") == made
    with pytest.raises(UsageError, match="headrace package makes it"):
        stamped("emr", tmp_path / "nowhere.json")
