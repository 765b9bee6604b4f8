"""Files that market participants made arrive as they are: each read once, what is wrong in them told by its line."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from domains.grid.industry_files import nem12
from headrace.lake.paths import Paths
from headrace.operate.receipt import receipt
from headrace.refine.run import refine
from headrace.settings import Settings
from tests.real_files import real_files
from tests.spark.answers import asked_of

DOMAIN = "grid"
asked = partial(asked_of, DOMAIN)
BROKEN = "NEM12#Scenario10#ETSAMDP#NEMMCO.zip"


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return sorted(real_files("nem12").glob("*.[zZ][iI][pP]"))


@pytest.fixture(scope="module")
def lake(spark: SparkSession, files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a customer for each meter of the files but one."""
    settings = Settings(home=tmp_path_factory.mktemp("market"), cores=2, shuffle_partitions=2, workers=3)
    paths = Paths.of(DOMAIN, settings)
    landing = Path(paths.landing("interval_reads"))
    landing.mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, landing / file.name)
    meters = sorted({read.meter for file in files for read in nem12(file.read_bytes()).reads})
    transformer = {
        "transformer_id": "T1", "substation_id": "S1", "region": "SOUTH", "status": "ACTIVE", "capacity_kva": 100,
        "record_effective_date": "2004-01-01",
    }  # fmt: skip
    customers = [
        {
            "customer_id": f"C{number}", "meter_id": meter, "transformer_id": "T1", "region": "SOUTH",
            "tariff_category": "DOMESTIC", "account_status": "ACTIVE", "record_effective_date": "2005-01-01",
        }
        for number, meter in enumerate(meters[1:])
    ]  # fmt: skip
    for table, rows in {"transformer_master": [transformer], "customer_master": customers}.items():
        folder = Path(paths.dropped(table))
        folder.mkdir(parents=True)
        (folder / "all.json").write_text("\n".join(json.dumps(row) for row in rows))
    refine(DOMAIN, layers=["bronze", "silver"], settings=settings)
    return settings


def test_each_read_arrives_and_the_receipt_balances(lake: Settings, files: list[Path]) -> None:
    reads = sum(len(nem12(file.read_bytes()).reads) for file in files)
    found = asked(
        """select count(*) filter (_raw is null) as reads, count(*) filter (_raw is not null) as wrong
        from bronze.interval_reads""",
        lake,
    )
    assert found == [{"reads": reads, "wrong": 5}]
    receipt(DOMAIN, lake).check()


def test_a_broken_record_is_set_aside_with_its_lines(lake: Settings) -> None:
    found = asked(
        """select _source as file, _offset as line from silver.interval_reads__rejected
        where _raw is not null order by line""",
        lake,
    )
    assert [row["line"] for row in found] == [27, 28, 29, 30, 31]
    assert {row["file"].rpartition("/")[2] for row in found} == {BROKEN}


def test_a_meter_that_nobody_knows_is_set_aside_and_the_others_have_their_customer(lake: Settings) -> None:
    orphans = asked(
        """select count(distinct meter_id) as meters from silver.interval_reads__rejected
        where list_contains(_reasons, 'meter_id refers to nothing')""",
        lake,
    )
    assert orphans == [{"meters": 1}]
    strangers = asked("select count(*) as rows from silver.interval_reads where customer_id is null", lake)
    assert strangers == [{"rows": 0}]


def test_of_a_read_the_newest_statement_holds(lake: Settings) -> None:
    older = asked(
        """select count(*) as rows from silver.interval_reads s join bronze.interval_reads b using (read_id)
        where b.stated_at > s.stated_at""",
        lake,
    )
    assert older == [{"rows": 0}]
    qualities = asked("select distinct quality from silver.interval_reads order by all", lake)
    assert {row["quality"] for row in qualities} >= {"MEASURED", "ESTIMATED", "SUBSTITUTED"}
