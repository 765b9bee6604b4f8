"""AWS on this machine, for the tests that ask it over the wire."""

from collections.abc import Iterator

import pytest

from headrace.lake import objects
from rehearsal.aws.server_process import aws


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
