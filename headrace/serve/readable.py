"""What Athena's reader of Delta takes, and a table in its words.

The list is that of AWS: https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html ("Considerations and
limitations", engine version 3, read in November 2026). What is not on it is not written by us.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deltalake import DeltaTable

MOST_READER_VERSION = 3
READER_FEATURES = frozenset({"columnMapping", "deletionVectors", "timestampNtz"})

_PLAIN = {
    **{name: name for name in ("string", "double", "float", "boolean", "date", "timestamp", "binary")},
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "timestamp_ntz": "timestamp",
}


def unreadable(table: DeltaTable) -> list[str]:
    """What of a table Athena would stumble over."""
    protocol = table.protocol()
    found = []
    if protocol.min_reader_version > MOST_READER_VERSION:
        found.append(f"reader version {protocol.min_reader_version}, beyond {MOST_READER_VERSION}")
    strange = set(protocol.reader_features or ()) - READER_FEATURES
    return [*found, *(f"table feature {name}" for name in sorted(strange)), *_strange_types(_fields(table))]


def columns_of(table: DeltaTable) -> dict[str, str]:
    """Each column's type as Athena has it."""
    return {field["name"]: as_athena(field["type"]) for field in _fields(table)}


def as_athena(kind: Any) -> str:
    """A type of Delta's log."""
    if isinstance(kind, str):
        return _PLAIN.get(kind, kind)
    match kind["type"]:
        case "array":
            return f"array<{as_athena(kind['elementType'])}>"
        case "map":
            return f"map<{as_athena(kind['keyType'])},{as_athena(kind['valueType'])}>"
        case _:
            fields = ",".join(f"{each['name']}:{as_athena(each['type'])}" for each in kind["fields"])
            return f"struct<{fields}>"


def _strange_types(fields: list[Mapping[str, Any]]) -> Iterator[str]:
    for field in fields:
        for leaf in _leaves(field["type"]):
            if leaf not in _PLAIN and not leaf.startswith("decimal("):
                yield f"column {field['name']} of type {leaf}"


def _leaves(kind: Any) -> Iterator[str]:
    if isinstance(kind, str):
        yield kind
        return
    inside = [kind[name] for name in ("elementType", "keyType", "valueType") if name in kind]
    for each in [*inside, *(field["type"] for field in kind.get("fields", []))]:
        yield from _leaves(each)


def _fields(table: DeltaTable) -> list[Mapping[str, Any]]:
    fields: list[Mapping[str, Any]] = json.loads(table.schema().to_json())["fields"]
    return fields
