"""Which Parquet types hold what a contract says."""

import pyarrow as pa
import pytest

from headrace.contracts.model import ColumnSpec
from headrace.refine.readable import _fits

NUMBERS = ColumnSpec(type="array", items="float")
LABELS = ColumnSpec(type="map", keys="string", values="int")


@pytest.mark.parametrize(
    ("spec", "found", "fits"),
    [
        (NUMBERS, pa.list_(pa.float64()), True),
        (NUMBERS, pa.list_(pa.string()), False),
        (NUMBERS, pa.float64(), False),
        (LABELS, pa.map_(pa.string(), pa.int32()), True),
        (LABELS, pa.map_(pa.string(), pa.string()), False),
        (LABELS, pa.map_(pa.int32(), pa.int32()), False),
    ],
    ids=str,
)
def test_what_arrays_and_maps_hold_is_compared_too(spec: ColumnSpec, found: pa.DataType, fits: bool) -> None:
    assert _fits(found, spec) is fits
