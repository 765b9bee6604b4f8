"""What tables and their columns mean, written into the tables' own logs."""

from deltalake import DeltaTable

from headrace.lake import log
from headrace.lake.delta_rs import describe
from headrace.lake.paths import Paths, accepted_of, as_s3, rejected_of
from headrace.refine.catalog import Catalog
from headrace.writes.way import way_of


def describe_table(catalog: Catalog, paths: Paths, layer: str, name: str) -> None:
    """The table and those beside it, as far as they are there. Only for whoever holds the table's lease."""
    beside = way_of(catalog.node(name, layer).table.write).side_tables(name) if layer == "silver" else ()
    for each in (name, *((rejected_of(name), *beside) if layer == "silver" else ())):
        place = paths.table(layer, each)
        if log.exists(place):
            columns = [field.name for field in DeltaTable(as_s3(place)).schema().fields]
            comments = {column: catalog.spec_of(column, layer, name).comment for column in columns}
            describe(place, meaning_of(catalog, layer, each), comments)


def meaning_of(catalog: Catalog, layer: str, table: str) -> str:
    """What a table is, or one beside it."""
    meaning = " ".join(catalog.description_of(layer, accepted_of(table)).split())
    if table == accepted_of(table):
        return meaning
    return f"{'Rejected' if table == rejected_of(accepted_of(table)) else 'Deleted keys'}: {meaning}"
