"""A Delta table by its place, through delta-rs. What goes wrong carries the place, which its own words seldom do."""

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake import DeltaTable

from headrace.lake.paths import as_s3


def is_table(place: str) -> bool:
    with _named(place):
        return bool(DeltaTable.is_deltatable(as_s3(place)))


def opened(place: str, version: int | None = None) -> DeltaTable:
    with _named(place):
        return DeltaTable(as_s3(place), version=version)


@contextmanager
def _named(place: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(as_s3(place))
        raise
