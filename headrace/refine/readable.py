"""Whether a file can be read as what its contract promises, and how many lines it holds, told without Spark."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.contracts.model import ColumnSpec, Contract

ENDINGS = {"parquet": ".parquet", "csv": ".csv", "json": ".json"}
CHUNK = 1 << 20
ARROW_FITS = {
    "int": (pa.types.is_int8, pa.types.is_int16, pa.types.is_int32),
    "long": (pa.types.is_int64, pa.types.is_int32),
    "float": (pa.types.is_float64, pa.types.is_float32),
    "string": (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary),
    "datetime": (lambda found: pa.types.is_timestamp(found) and found.unit != "ns",),  # Spark reads no finer
    "date": (pa.types.is_date32,),
    "bool": (pa.types.is_boolean,),
    "array": (pa.types.is_list,),
    "map": (pa.types.is_map,),
}


def judged(body: BinaryIO, kind: str, contract: Contract) -> tuple[str | None, int]:
    """Why it cannot be read, else the number of its rows."""
    if not body.read(1):
        return "empty file", 0
    body.seek(0)
    return _judged_parquet(body, contract) if kind == "parquet" else _judged_text(body, kind, contract)


def damage(body: BinaryIO) -> str | None:
    """Looks at every page: a Parquet file can be damaged behind a whole footer."""
    try:
        for _ in pq.ParquetFile(body, page_checksum_verification=True).iter_batches():
            pass
    except (pa.ArrowException, OSError) as error:
        return f"damaged Parquet file: {str(error).splitlines()[0]}"
    return None


def _judged_parquet(body: BinaryIO, contract: Contract) -> tuple[str | None, int]:
    try:
        footer = pq.ParquetFile(body)
    except (pa.ArrowInvalid, OSError) as error:
        return f"not a whole Parquet file: {str(error).splitlines()[0]}", 0
    reason = _column_difference(footer.schema_arrow.names, contract) or _type_difference(
        footer.schema_arrow, contract
    )
    return reason, footer.metadata.num_rows


def _judged_text(body: BinaryIO, kind: str, contract: Contract) -> tuple[str | None, int]:
    head = body.read(CHUNK)
    if b"\0" in head or head.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b")):
        return f"not a text file, but {contract.table} arrives as {kind}", 0
    body.seek(0)
    if kind == "json":
        return None, sum(1 for _ in body)
    header = next(body).rstrip(b"\r\n").decode("utf-8", "replace")
    known = {spelled.encode() for spelled in header_lines(contract)}
    lines = sum(1 for line in body if line.rstrip(b"\r\n") not in known)
    return _header_difference(header, contract), lines


def header_lines(contract: Contract) -> tuple[str, str]:
    """How a CSV file may spell its header; a line that is one of these is no row."""
    return ",".join(contract.columns), ",".join(f'"{name}"' for name in contract.columns)


def _header_difference(header: str, contract: Contract) -> str | None:
    if header in header_lines(contract):
        return None
    names = [name.strip('"') for name in header.split(",")]
    return (
        _column_difference(names, contract) or "header line is spelled otherwise than the contract's columns"
    )


def _column_difference(names: list[str], contract: Contract) -> str | None:
    wanted = list(contract.columns)
    missing = [name for name in wanted if name not in names and name not in contract.evolving]
    extra = [name for name in names if name not in wanted]
    if not set(names) & set(wanted):
        return "no header line with the contract's columns"
    if missing or extra:
        said = [f"missing column {name}" for name in missing] + [
            f"unexpected column {name}" for name in extra
        ]
        return ", ".join(said[:5])
    if names != wanted and contract.arrives.files == "csv":
        return "columns in another order than the contract's"
    return None


def _type_difference(schema: pa.Schema, contract: Contract) -> str | None:
    for name, spec in contract.columns.items():
        if name not in schema.names:
            continue
        found = schema.field(name).type
        if not _fits(found, spec):
            return f"column {name} holds {found}, the contract says {spec.type}"
    return None


def _fits(found: pa.DataType, spec: ColumnSpec) -> bool:
    if not any(fits(found) for fits in ARROW_FITS[spec.type]):
        return False
    if spec.type == "array":
        inner = [(found.value_type, spec.items)]
    elif spec.type == "map":
        inner = [(found.key_type, spec.keys), (found.item_type, spec.values)]
    else:
        return True
    return all(any(fits(kind) for fits in ARROW_FITS[named or "string"]) for kind, named in inner)
