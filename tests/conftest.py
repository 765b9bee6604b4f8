"""What all tests share: settings of their own, one Spark session, and a toy domain of pumps."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import domains
from headrace.lake.jars import COMPILES_LITTLE
from headrace.lake.session import get_spark, suit
from headrace.settings import Settings
from rehearsal.kafka import free_port
from rehearsal.postgres import Postgres

os.environ.setdefault("HEADRACE_JAVA_OPTIONS", COMPILES_LITTLE)  # of processes that tests start

domains.__path__.append(str(Path(__file__).with_name("toy")))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of all Spark tests: two cores, two shuffle partitions, UTC."""
    home = tmp_path_factory.mktemp("spark")
    session = get_spark(Settings(home=home, cores=2, memory="3000m", shuffle_partitions=2, java_options=""))
    suit(session, rows=0)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """In a folder that others may enter: run by root, PostgreSQL goes on as a user without rights."""
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        server = Postgres(Path(home) / "postgres", free_port())
        server.up()
        yield server
        server.down()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", shuffle_partitions=2, workers=3)
