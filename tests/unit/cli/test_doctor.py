import json
import shutil
from collections import namedtuple

import pytest
from typer.testing import CliRunner

from cli import health_checks
from cli.health_checks import examine, pinned
from cli.main import app
from headrace.lake.jars import JarSet
from headrace.settings import Settings

Usage = namedtuple("Usage", "total used free")


def finding(what: str, settings: Settings) -> health_checks.Finding:
    return next(each for each in examine(settings) if each.what == what)


@pytest.fixture
def no_java(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))


def test_missing_java_is_a_problem_that_names_the_command(settings, no_java):
    java = finding("Java", settings)

    assert java.state == "problem"
    assert "apt-get install openjdk-17-jre-headless" in java.remedy


def test_a_problem_exits_with_1_and_shows_as_json(no_java):
    said = CliRunner().invoke(app, ["doctor", "--json"])

    assert said.exit_code == 1
    assert {"what": "Java", "state": "problem"}.items() <= json.loads(said.stdout)[1].items()


def test_a_full_disk_is_a_problem(settings, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**9))

    assert finding("disk", settings).state == "problem"


def test_missing_jars_can_be_fixed(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(health_checks, "jar_sets", lambda _: [JarSet(str(tmp_path), ("none:such:1",))])

    assert finding("Spark's jars", settings).remedy == "headrace doctor --fix"


def test_no_credentials_are_fine_where_none_are_needed(settings, monkeypatch):
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)

    assert finding("AWS credentials", settings).state == "ok"


def test_no_credentials_are_a_problem_on_emr(tmp_path, monkeypatch):
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    settings = Settings(home=tmp_path, engine="emr")

    assert finding("AWS credentials", settings).state == "problem"


def test_the_lock_gives_the_pinned_versions(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "boto3==1.2 \\\n    --hash=sha256:00\nnumpy==2.4 ; python_version < '4' \\\n    # via boto3==9\n"
    )

    assert pinned(lock) == {"boto3": "1.2", "numpy": "2.4"}


def test_a_version_that_is_not_the_pinned_one_is_a_problem(settings, monkeypatch, tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("pyspark==3.0.0 \\\n")
    monkeypatch.setattr(health_checks, "LOCK", lock)

    versions = finding("versions", settings)

    assert versions.state == "problem"
    assert "(pinned 3.0.0)" in versions.found
