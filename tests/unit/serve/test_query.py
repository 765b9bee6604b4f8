from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.errors import UnknownName, UsageError
from headrace.lake import ledger, objects
from headrace.lake.paths import Paths
from headrace.serve import named_queries, query
from headrace.serve.named_queries import in_order, list_queries
from headrace.serve.query import asked, attached, run_query, run_sql
from headrace.settings import Settings


@pytest.fixture(autouse=True)
def domains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two domains, the first with a named query."""
    queries = tmp_path / "dairy" / "queries"
    queries.mkdir(parents=True)
    text = "-- How much milk came?\n-- Columns: litres.\nselect sum(litres) as litres from silver.milk\n"
    (queries / "how-much.sql").write_text(text)
    monkeypatch.setattr(query, "domains_found", lambda: ("bakery", "dairy"))
    monkeypatch.setattr(named_queries, "domains_found", lambda: ("bakery", "dairy"))
    monkeypatch.setattr(named_queries, "domain_folder", lambda domain: tmp_path / domain)


@pytest.fixture
def milk(settings: Settings) -> str:
    """Version 0 has one day, version 1 two."""
    path = Paths.of("dairy", settings).table("silver", "milk")
    for day, litres in ((1, 10.0), (2, 5.0)):
        at = datetime(2024, 1, day, 6, tzinfo=UTC)
        rows = {"farm": ["A"], "litres": [litres], "taken_at": [at], "day": [date(2024, 1, day)]}
        write_deltalake(path, pa.table(rows), mode="append", partition_by=["day"])
    return path


def test_a_named_query_answers_with_columns_and_rows(milk, settings):
    answer = run_query("dairy/how-much", settings=settings)
    assert (answer.columns, answer.rows) == (("litres",), [(15.0,)])
    assert answer.as_dicts() == [{"litres": 15.0}]


def test_the_list_of_queries_says_what_they_answer():
    assert list_queries() == {"dairy/how-much": "How much milk came? Columns: litres."}


def test_a_domain_says_which_of_its_queries_are_shown_first(tmp_path):
    queries = tmp_path / "dairy" / "queries"
    (queries / "whose.sql").write_text("-- Whose milk was it?\nselect 1\n")
    assert list(in_order("dairy")) == ["dairy/how-much", "dairy/whose"]
    (queries / "first.txt").write_text("whose\n")
    assert list(in_order("dairy")) == ["dairy/whose", "dairy/how-much"]
    (queries / "first.txt").write_text("whence\n")
    with pytest.raises(UnknownName, match="no query named 'dairy/whence'"):
        in_order("dairy")


def test_an_unknown_query_names_those_there_are(settings):
    with pytest.raises(UnknownName, match="no query named 'dairy/why'; known: dairy/how-much"):
        run_query("dairy/why", settings=settings)


@pytest.mark.parametrize("name", ["silver.milk", "dairy.silver.milk"])
def test_a_table_is_found_with_and_without_its_domain(milk, settings, name):
    assert run_sql(f"select count(*) from {name}", settings=settings).rows == [(2,)]


def test_partition_columns_and_instants_come_back_typed(milk, settings):
    answer = run_sql("select day, taken_at from silver.milk where day = date '2024-01-02'", settings=settings)
    assert answer.rows[0][0] == date(2024, 1, 2)
    assert answer.rows[0][1] == datetime(2024, 1, 2, 6, tzinfo=UTC)


def test_a_star_a_join_and_a_subquery_see_all_they_need(milk, settings):
    with_all = "with m as (select * from silver.milk)"
    sql = f"{with_all} select a.farm from m a join silver.milk b using (day) where b.litres > 9"
    assert run_sql(sql, settings=settings).rows == [("A",)]


def test_a_version_shows_the_table_as_it_was(milk, settings):
    assert run_query("dairy/how-much", version=0, settings=settings).rows == [(10.0,)]


def test_a_version_that_never_was_is_an_error(milk, settings):
    with pytest.raises(UsageError, match="has no version 9; its newest is 1"):
        run_query("dairy/how-much", version=9, settings=settings)


def test_an_instant_shows_the_table_as_it_was(milk, settings):
    stamps = sorted(commit["timestamp"] for commit in DeltaTable(milk).history())
    between = datetime.fromtimestamp(stamps[0] / 1000, UTC)
    assert run_query("dairy/how-much", at=between, settings=settings).rows == [(10.0,)]


def test_an_instant_before_the_table_is_an_error(milk, settings):
    with pytest.raises(UsageError, match="did not exist at 2020-01-01"):
        run_query("dairy/how-much", at=datetime(2020, 1, 1), settings=settings)


@pytest.mark.parametrize("asked", [{"version": 0}, {"at": datetime.now(UTC) - timedelta(hours=1)}])
def test_what_was_vacuumed_can_no_longer_be_read(milk, settings, asked, monkeypatch):
    monkeypatch.setattr("headrace.serve.query._as_of", lambda *_: DeltaTable(milk, version=0))
    write_deltalake(milk, DeltaTable(milk).to_pyarrow_table().slice(1), mode="overwrite")
    DeltaTable(milk).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(UsageError, match=r"dairy\.silver\.milk can no longer be read as of .*kept 168 hours"):
        run_query("dairy/how-much", settings=settings, **asked)
    assert len(run_query("dairy/how-much", settings=settings).rows) == 1


def test_before_anything_is_refined_a_query_says_what_to_do(settings):
    with pytest.raises(UsageError, match="nothing is refined yet: run headrace generate and headrace refine"):
        run_query("dairy/how-much", settings=settings)


def test_a_layer_that_is_not_made_yet_says_what_to_do(milk, settings):
    with pytest.raises(UsageError, match="no gold table is made yet: run headrace refine"):
        run_sql("select * from gold.butter", domain="dairy", settings=settings)


def test_readers_follow_the_version_that_passed_its_checks_last(milk, settings):
    objects.put_json(Paths.of("dairy", settings).published("silver", "milk"), {"version": 0})
    assert run_query("dairy/how-much", settings=settings).rows == [(10.0,)]
    assert run_query("dairy/how-much", version=1, settings=settings).rows == [(15.0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "delete from silver.milk",
        "insert into silver.milk values (1)",
        "copy (select 1) to 'x.csv'",
        "attach 'x.db'",
        "set threads = 1",
        "pragma version",
    ],
)
def test_what_does_not_only_read_is_refused(settings, sql):
    with pytest.raises(UsageError, match="only SELECT is allowed"):
        run_sql(sql, settings=settings)


def test_two_statements_are_refused(settings):
    with pytest.raises(UsageError, match="one statement; this has 2"):
        run_sql("select 1; select 2", settings=settings)


@pytest.mark.parametrize("source", ["read_csv('/etc/passwd')", "'/etc/passwd'", "read_text('/etc/passwd')"])
def test_files_beside_the_lake_are_out_of_reach(settings, source):
    with pytest.raises(UsageError):
        run_sql(f"select * from {source}", settings=settings)


def test_an_unknown_table_names_those_there_are(milk, settings):
    with pytest.raises(UnknownName, match=r"no table named 'silver.cheese'; known: silver.milk"):
        run_sql("select * from silver.cheese", settings=settings)


def test_a_table_without_a_layer_is_an_error(settings):
    with pytest.raises(UsageError, match=r"write layer\.table"):
        run_sql("select * from milk", settings=settings)


def test_an_unknown_column_is_an_error_of_the_user(milk, settings):
    with pytest.raises(UsageError, match="cream"):
        run_sql("select cream from silver.milk", settings=settings)


def test_broken_sql_is_an_error_of_the_user(settings):
    with pytest.raises(UsageError):
        run_sql("selekt 1", settings=settings)


def test_an_empty_table_answers_with_no_rows(settings):
    path = Paths.of("dairy", settings).table("gold", "butter")
    write_deltalake(path, pa.table({"grams": pa.array([], pa.int64())}))
    assert run_sql("select sum(grams) as g from gold.butter", settings=settings).rows == [(None,)]


def test_two_domains_with_the_same_table_have_to_be_told_apart(milk, settings):
    path = Paths.of("bakery", settings).table("silver", "milk")
    write_deltalake(path, pa.table({"litres": [1.0]}))
    with pytest.raises(UsageError, match=r"could be any of bakery\.silver\.milk, dairy\.silver\.milk"):
        run_sql("select * from silver.milk", settings=settings)
    both = "select (select sum(litres) from bakery.silver.milk) + (select sum(litres) from dairy.silver.milk)"
    assert run_sql(both, settings=settings).rows == [(16.0,)]


def test_asking_for_a_version_and_an_instant_is_an_error(settings):
    with pytest.raises(UsageError, match="not for both"):
        run_sql("select 1", version=1, at=datetime.now(UTC) - timedelta(days=1), settings=settings)


def test_rows_come_as_they_are_asked_for(milk, settings):
    with asked("select i from range(1000000) r(i)", settings=settings) as result:
        rows = result.rows()
        assert [next(rows), next(rows)] == [(0,), (1,)]
        assert (result.columns, result.numbers) == (("i",), (True,))


def test_a_mistake_that_shows_while_rows_are_taken_is_the_user_s(settings):
    with (
        pytest.raises(UsageError, match="does not run"),
        asked("select cast('x' || i as int) from range(9) r(i)", settings=settings) as result,
    ):
        list(result.rows())


def test_a_query_may_ask_the_information_schema(milk, settings):
    sql = "select table_catalog, table_schema, table_name, column_name from information_schema.columns"

    assert ("dairy", "silver", "milk", "litres") in run_sql(sql, settings=settings).rows


def test_a_lake_is_attached_to_a_notebook_and_to_a_database_of_duckdb(milk, settings, tmp_path):
    file = str(tmp_path / "lake.duckdb")
    for words in ({}, {"file": file}):
        with attached("dairy", settings=settings, **words) as lake:
            assert lake.sql("select sum(litres) from silver.milk").fetchall() == [(15.0,)]
            assert lake.sql("from silver.milk").df().shape == (2, 4)
    elsewhere = duckdb.connect()
    elsewhere.execute(f"attach '{file}' as lake (read_only)")
    assert elsewhere.execute("select count(*) from lake.silver.milk").fetchone() == (2,)


def test_polars_reads_a_table_where_it_lies(milk, settings):

    assert polars.scan_delta(milk).collect()["litres"].sum() == 15.0
    with attached("dairy", home=str(settings.home), settings=Settings()) as lake:
        assert lake.sql("from silver.milk").pl().shape == (2, 4)


@pytest.fixture
def worked(settings):
    """One scan of two checks and one write, of the dairy."""
    paths = Paths.of("dairy", settings)
    common = {
        "domain": "dairy",
        "layer": "silver",
        "table": "milk",
        "scanned_at": "2024-01-02",
        "as_of": "2024-01-01",
    }
    checks = [
        {**common, "name": name, "outcome": outcome, "version": 3}
        for name, outcome in (("a", "pass"), ("b", "fail"))
    ]
    objects.put_json(f"{paths.scans}/1.json", checks)
    ledger.record(
        paths, ledger.Entry("silver", "milk", "Append", "0", "r1", 5, {"written": 4, "rejected": 1})
    )


@pytest.mark.parametrize("name", ["ops.scans", "dairy.ops.scans"])
def test_checks_of_scans_are_a_table(worked, settings, name):
    answer = run_sql(f"select \"table\", name, version from {name} where outcome = 'fail'", settings=settings)

    assert answer.rows == [("milk", "b", 3)]


def test_the_ledger_is_a_table(worked, settings):
    answer = run_sql("select domain, rows_in, counts ->> 'written' from ops.ledger", settings=settings)

    assert answer.rows == [("dairy", 5, "4")]


def test_before_any_work_they_are_empty(settings):
    assert run_sql("select * from ops.scans, ops.ledger", settings=settings).rows == []


@pytest.mark.parametrize(
    ("sql", "version", "said"),
    [
        ("select * from ops.dreams", None, "ops.dreams"),
        ("select * from forge.ops.scans", None, "forge"),
        ("select * from ops.scans", 1, "ops.scans has no versions"),
    ],
)
def test_what_is_not_kept_is_an_error(settings, sql, version, said):
    with pytest.raises(UsageError, match=said):
        run_sql(sql, version=version, settings=settings)
