from headrace.refine.catalog import load_tables
from headrace.refine.dictionary import dictionary, shapes
from headrace.writes.node import Ref

DOMAIN = "refinery"


def test_every_table_and_column_of_a_domain_is_in_its_dictionary(spark):
    catalog = load_tables(DOMAIN)

    text = dictionary(catalog, spark)

    for ref, columns in shapes(catalog, spark).items():
        assert f"## {ref}\n" in text
        assert all(f"`{name}`" in text for name in columns.fieldNames())


def test_a_history_shows_when_each_version_held(spark):
    columns = shapes(load_tables(DOMAIN), spark)[Ref("silver", "sensors")]

    assert {"effective_from", "effective_to", "is_current", "version"} <= set(columns.fieldNames())
