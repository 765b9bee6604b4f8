"""AWS on this machine, for the tests that ask it over the wire."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.lake import objects
from rehearsal.aws.server_process import aws

INFRA = Path(__file__).parents[2] / "infra"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One for each module, and every client of this process goes there."""
    there = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch, aws(there / "aws.log") as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        objects._s3.cache_clear()
        yield
    objects._s3.cache_clear()


@pytest.fixture(scope="module")
def infra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, for Terraform writes beside what it reads; what environments read beside it is there as it is."""
    there = tmp_path_factory.mktemp("infra") / "infra"
    shutil.copytree(INFRA, there, ignore=shutil.ignore_patterns(".terraform*"))
    for read in ("domains", "headrace", "requirements.lock"):
        (there.parent / read).symlink_to(INFRA.parent / read)
    return there
