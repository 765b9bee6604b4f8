import pyarrow as pa
import pytest
from deltalake import write_deltalake

from headrace.contracts.load import domains_found, load_contracts
from headrace.errors import ContractError
from headrace.lake.delta_rs import live_files, partition_column
from headrace.lake.paths import Paths
from headrace.operate.size import PartSize, TableSize, parts, sizes

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


def size_of(layer, table, rows, taken):
    return TableSize(layer, table, 0, files=1, rows=rows, bytes=taken)


def test_layers_add_up_beside_what_is_stated_of_them():
    found = [
        size_of("bronze", "sensors", 5, 50),
        size_of("bronze", "products", 1, 10),
        size_of("bronze", "sensor_readings", 100, 800),
        size_of("silver", "sensors", 4, 40),
        size_of("gold", "refinery_kpis", 2, 20),
        size_of("gold", "weekly_trend", 1, 10),
    ]

    assert parts("refinery", found) == [
        PartSize("bronze dimensions", 2, 6, 60, 100_000_000),
        PartSize("bronze facts", 1, 100, 800, 96_000_000_000),
        PartSize("silver", 1, 4, 40, 50_000_000_000),
        PartSize("gold", 2, 3, 30, 5_000_000_000),
        PartSize("total", 6, 113, 930, 150_000_000_000),
    ]


def test_a_sector_without_stated_volumes_has_sums_only():
    (silver, total) = parts("pumps", [size_of("silver", "pumps", 4, 40)])

    assert (silver.stated_bytes, total.stated_bytes) == (None, None)


def test_volumes_of_an_unknown_part_are_refused(tmp_path, monkeypatch):
    (tmp_path / "volumes.yml").write_text("platinum: 1")
    monkeypatch.setattr("headrace.operate.size.domain_folder", lambda _: tmp_path)

    with pytest.raises(ContractError, match=r"volumes\.yml: platinum: expected bronze dimensions"):
        parts("pumps", [])
