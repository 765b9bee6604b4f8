"""What a serving database holds of a domain, derived from its tables in the lake as SQLAlchemy's tables.

By default these are the gold tables under their own names. `serving.yml` in the domain's folder names others, and
`serving/*.sql` there holds views over them, in PostgreSQL's SQL.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
import sqlglot
from deltalake import DeltaTable
from pydantic import Field, ValidationError
from sqlalchemy.dialects import mssql
from sqlglot import expressions as sql

from headrace.contracts.load import domain_folder
from headrace.contracts.model import Loader, Strict
from headrace.errors import ContractError
from headrace.lake.delta_rs import is_table
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.descriptions import meaning_of
from headrace.serve.query import Moment, Name, open_table
from headrace.settings import Settings

FILE = "serving.yml"
LONGEST_KEY = 100
LONGEST_NAME = 60  # PostgreSQL cuts names off at 63 bytes


class ServedAs(Strict):
    """One table of the database. `where` is a column that must be true; a key may be another than the lake's then."""

    of: str = Field(pattern=r"^(silver|gold)\.\w+$")
    where: str | None = None
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    lengths: Mapping[str, int] = {}
    leave: tuple[str, ...] = ()


class Serving(Strict):
    tables: Mapping[str, ServedAs] = {}
    leave: tuple[str, ...] = Field((), description="Gold tables that are not served, where none are named.")


@dataclass(frozen=True)
class Served:
    """A table of the database, and the version of the lake's table that it is to hold."""

    shape: sa.Table
    source: Name
    place: str
    delta: DeltaTable
    where: str | None = None

    @property
    def name(self) -> str:
        return str(self.shape.name)

    @property
    def version(self) -> int:
        return int(self.delta.version())

    @property
    def partition(self) -> str | None:
        column = next(iter(self.delta.metadata().partition_columns), None)
        return column if column is not None and column in self.shape.columns else None

    @property
    def identity(self) -> str:
        """Of the lake's table and of what is taken of it; versions of one identity follow each other."""
        taken = (str(self.delta.metadata().id), str(self.source), self.where, *self.shape.columns.keys())
        return sha256(repr(taken).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class View:
    name: str
    tree: sql.Expr

    @property
    def needs(self) -> set[str]:
        inside = {cte.alias for cte in self.tree.find_all(sql.CTE)}
        return {table.name for table in self.tree.find_all(sql.Table)} - inside

    def body(self, schema: str, dialect: str) -> str:
        tree = self.tree.copy()
        for table in tree.find_all(sql.Table):
            if table.name not in self.needs:
                continue
            table.set("db", sql.to_identifier(schema))
        return tree.sql(dialect, pretty=True)


@dataclass(frozen=True)
class ServedDomain:
    metadata: sa.MetaData
    tables: tuple[Served, ...]
    waiting: tuple[str, ...]
    """Tables of which nothing is refined yet."""
    views: tuple[View, ...]


def served_domain(domain: str, settings: Settings) -> ServedDomain:
    catalog, metadata = load_tables(domain), sa.MetaData(schema=domain)
    tables, waiting = [], []
    for name, declared in declared_tables(domain, catalog).items():
        layer, _, table = declared.of.partition(".")
        source = Name(domain, layer, table)
        if is_table(place := source.place(settings)):
            delta = open_table(source, Moment(), settings)
            shape = _shape(name, declared, source, delta, catalog, metadata)
            tables.append(Served(shape, source, place, delta, declared.where))
        else:
            waiting.append(name)
    there = {each.name for each in tables}
    views = tuple(_views(domain))
    for view in views:
        if unknown := sorted(view.needs - there - {*waiting}):
            raise ContractError(
                f"{domain}/serving/{view.name}.sql reads {', '.join(unknown)}, which is not served"
            )
    views = tuple(view for view in views if view.needs <= there)
    return ServedDomain(metadata, tuple(tables), tuple(waiting), views)


def declared_tables(domain: str, catalog: Catalog) -> Mapping[str, ServedAs]:
    import yaml

    file = domain_folder(domain) / FILE
    raw = yaml.load(file.read_text(encoding="utf-8"), Loader) if file.is_file() else {}
    try:
        serving = Serving.model_validate(raw or {})
    except ValidationError as error:
        problem = error.errors()[0]
        raise ContractError(f"{file}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
    for declared in serving.tables.values():
        catalog.node(declared.of.partition(".")[2], declared.of.partition(".")[0])
    gold = (name for name in sorted(catalog.tables("gold")) if name not in serving.leave)
    return serving.tables or {name: ServedAs(of=f"gold.{name}") for name in gold}


def _views(domain: str) -> Iterator[View]:
    for file in sorted((domain_folder(domain) / "serving").glob("*.sql")):
        yield View(file.stem, sqlglot.parse_one(file.read_text(), read="postgres"))


def _shape(
    name: str, declared: ServedAs, source: Name, delta: DeltaTable, catalog: Catalog, metadata: sa.MetaData
) -> sa.Table:
    """Technical columns stay in the lake."""
    key = declared.key or catalog.node(source.table, source.layer).table.keys
    fields = {each.name: each.type for each in pa.schema(delta.schema().to_arrow())}
    has_totals = _has_nulls(delta, key)
    indexed = {*key, *(each for index in declared.indexes for each in index)}
    if missing := sorted({*indexed, *declared.lengths, declared.where or key[0]} - fields.keys()):
        raise ContractError(f"{source.domain}/{FILE}: {name}: {source} has no column {', '.join(missing)}")
    columns = [
        sa.Column(
            column,
            _kind(kind, declared.lengths.get(column) or (LONGEST_KEY if column in indexed else None)),
            primary_key=column in key and not has_totals,
            autoincrement="auto" if column not in key else False,
            nullable=column not in key or has_totals,
            comment=catalog.spec_of(column, source.layer, source.table).comment or None,
        )
        for column, kind in fields.items()
        if not column.startswith("_") and column not in (*declared.leave, declared.where)
    ]
    indexes = [sa.Index(_index_name(name, each), *each) for each in declared.indexes]
    return sa.Table(
        name, metadata, *columns, *indexes, comment=meaning_of(catalog, source.layer, source.table)
    )


def _has_nulls(delta: DeltaTable, key: Sequence[str]) -> bool:
    """A total has nulls in the keys that it sums over; such a table has no primary key."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    counts = (f"null_count.{column}" for column in key)
    return any((pc.sum(actions[name]).as_py() or 0) > 0 for name in counts if name in actions.column_names)


def _index_name(table: str, columns: tuple[str, ...]) -> str:
    name = f"ix_{table}_{'_'.join(columns)}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 7]}_{sha256(name.encode()).hexdigest()[:6]}"


def _kind(kind: pa.DataType, length: int | None) -> sa.types.TypeEngine[Any]:
    """Lists and structures are served as JSON's text."""
    if pa.types.is_boolean(kind):
        return sa.Boolean()
    if pa.types.is_integer(kind):
        return (
            sa.SmallInteger()
            if kind.bit_width < 32
            else sa.Integer()
            if kind.bit_width == 32
            else sa.BigInteger()
        )
    if pa.types.is_floating(kind):
        return sa.REAL() if kind.bit_width == 32 else sa.Double().with_variant(mssql.FLOAT(53), "mssql")
    if pa.types.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if pa.types.is_date(kind):
        return sa.Date()
    if pa.types.is_timestamp(kind):
        return sa.DateTime(timezone=True)
    return sa.Unicode(length) if length else sa.UnicodeText()
