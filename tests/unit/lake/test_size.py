import pyarrow as pa
import pytest
from deltalake import write_deltalake

from headrace.contracts.load import domains_found, load_contracts
from headrace.lake.files import live_files, partition_column
from headrace.lake.paths import Paths
from headrace.lake.size import TableSize, sizes

DOMAIN = domains_found()[0]
TABLE = sorted(load_contracts(DOMAIN))[0]


@pytest.fixture
def bronze(settings) -> str:
    return Paths.of(DOMAIN, settings).table("bronze", TABLE)


def test_a_lake_without_tables_has_no_sizes(settings):
    assert sizes(DOMAIN, settings) == []


def test_rows_and_bytes_are_those_of_the_newest_version(settings, bronze):
    write_deltalake(bronze, pa.table({"id": [1, 2, 3]}))
    write_deltalake(bronze, pa.table({"id": [4, 5]}), mode="overwrite")

    (found,) = sizes(DOMAIN, settings)

    assert (found.layer, found.table, found.version, found.rows, found.files) == ("bronze", TABLE, 1, 2, 1)
    assert found.bytes == live_files(bronze)[0].bytes > 0


def test_the_stated_volume_stands_beside_it(settings, bronze):
    write_deltalake(bronze, pa.table({"id": [1]}))

    (found,) = sizes(DOMAIN, settings)

    contract = load_contracts(DOMAIN)[TABLE]
    assert (found.stated_rows, found.stated_bytes) == (contract.num_rows, contract.num_bytes)


def test_bytes_at_full_scale_follow_from_our_bytes_a_row():
    size = TableSize(
        "bronze", "t", 0, files=1, rows=100, bytes=1_000, stated_rows=2_000_000, stated_bytes=70_000_000
    )

    assert size.bytes_at_stated_rows == 20_000_000


def test_an_empty_table_has_no_bytes_a_row():
    assert TableSize("bronze", "t", 0, files=0, rows=0, bytes=0, stated_rows=5).bytes_at_stated_rows is None


def test_files_know_their_partition(bronze):
    write_deltalake(
        bronze, pa.table({"day": ["2024-01-01", "2024-01-02"], "id": [1, 2]}), partition_by=["day"]
    )

    assert partition_column(bronze) == "day"
    assert sorted(file.partition for file in live_files(bronze)) == ["2024-01-01", "2024-01-02"]
