"""`headrace package` as people type it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import UsageError


def test_a_bundle_for_another_engine_is_refused_before_anything_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def packs(*_: object) -> None:
        raise AssertionError("it was packed")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADRACE_ENGINE", "emr")
    monkeypatch.setenv("HEADRACE_ARTIFACTS_URL", "s3://artifacts")
    monkeypatch.setattr("headrace.engines.package.packed", packs)
    said = CliRunner().invoke(app, ["package", "--bundle", "dev"])
    assert isinstance(said.exception, UsageError)
    assert "set HEADRACE_ENGINE=databricks" in str(said.exception)
    assert not list(tmp_path.iterdir())
