"""headrace/versions.yml is the one list of versions: whatever else names one agrees with it."""

import re
from importlib import metadata
from pathlib import Path

import pyspark
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cli.health_checks import pinned
from headrace.lake.jars import ALWAYS, TO_S3, TO_SIGN
from headrace.settings import versions

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "pyspark": versions()["spark"],
    "delta-spark": versions()["delta"],
    "prefect": versions()["prefect"],
}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_project_and_its_lock_file_pin_them(package: str) -> None:
    assert f'"{package}=={PACKAGES[package]}"' in (ROOT / "pyproject.toml").read_text()
    assert pinned(ROOT / "requirements.lock")[package] == PACKAGES[package]
    assert metadata.version(package) == PACKAGES[package]


def test_this_spark_brings_that_scala_and_that_hadoop() -> None:
    jars = {jar.name for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    assert f"hadoop-client-api-{versions()['hadoop']}.jar" in jars
    assert [name for name in jars if name.startswith(f"scala-library-{versions()['scala']}.")]
    assert f"spark-sql_{versions()['scala']}-{versions()['spark']}.jar" in jars


def test_jars_are_of_these_versions() -> None:
    named = {versions()[each] for each in ("spark", "delta", "hadoop", "aws_sdk", "msk_iam_auth")}
    packages = [package for jars in (ALWAYS, TO_SIGN, TO_S3) for package in jars.packages]
    assert {package.rpartition(":")[2] for package in packages} == named


def test_the_release_of_emr_is_of_the_line_that_has_spark_4() -> None:
    assert re.fullmatch(r"emr-spark-8\.\d+\.\d+", versions()["emr_release"])
    assert versions()["emr_python"] in (ROOT / "README.md").read_text()


def closure(packages: list[str]) -> set[str]:
    """The packages, and all that they need, as on the worker's Python."""
    found: set[str] = set()
    left = [canonicalize_name(each) for each in packages]
    there = {"extra": "", "python_version": versions()["emr_python"], "sys_platform": "linux"}
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            needs = [Requirement(each) for each in metadata.requires(name) or ()]
            left += [
                canonicalize_name(each.name)
                for each in needs
                if each.marker is None or each.marker.evaluate(there)
            ]
    return found


def test_the_worker_installs_all_that_its_packages_need_and_its_image_lacks() -> None:
    """By their hashes and without resolving, so the list has to be whole; no more, for its task has little room."""
    variables = (ROOT / "infra/modules/platform/variables.tf").read_text()
    default = re.search(r'variable "worker_needs" \{.*?default\s+= \[(.*?)\]', variables, re.DOTALL)
    assert default
    listed = re.findall(r'"([^"]+)"', default[1])
    assert sorted(listed) == sorted(closure(["boto3", "prefect-aws", "psutil"]) - closure(["prefect"]))


def test_no_other_file_says_them_again() -> None:
    """Terraform and the bundle read the list, so a release or a runtime stands nowhere else."""
    elsewhere = [
        str(file.relative_to(ROOT))
        for folder in ("headrace", "infra", "rehearsal", "cli")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in (".py", ".tf", ".yml") and file.name != "versions.yml"
        if re.search(r"emr-spark-\d|\d\.x-scala", file.read_text())
    ]
    assert elsewhere == []
