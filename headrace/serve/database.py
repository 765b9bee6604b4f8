"""Fills a database that people ask by SQL from a domain's tables, in one transaction a run.

The database is migrated by comparing it with the tables that the lake has, since all of it can be made again from
there. Each table remembers the version of the lake's table that it holds, and a run takes the days that have changed
since. A run that fails leaves the database as it was, and the next one takes up all that is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops

from headrace.errors import HeadraceError, UnknownName, UsageError
from headrace.lake import log
from headrace.progress import Event, Stopwatch, tell
from headrace.serve.database_connection import connected, explained, target_of
from headrace.serve.database_dialects import (
    Counts,
    Dialect,
    Postgres,
    SqlServer,
    dialect_of,
)
from headrace.serve.served_tables import Served, ServedDomain, served_domain
from headrace.settings import Settings

LOADS = "headrace_loads"
"""The table of a schema that says what else in it is ours, and which version of the lake it holds."""


@dataclass(frozen=True)
class Loaded:
    """outcome: created, loaded, unchanged, removed; waiting where nothing is refined yet. days: those taken; none
    where all of the table was compared."""

    table: str
    outcome: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    days: int | None = None
    seconds: float = 0.0


def serve(domain: str, settings: Settings, url: str = "", *, reader: str = "headrace_reader") -> list[Loaded]:
    """url: PostgreSQL's or SQL Server's, by default HEADRACE_SERVE_URL. reader: a role that may read all of it."""
    target = target_of(url, settings)
    with explained(target), connected(target, settings) as connection:
        dialect = dialect_of(connection)
        dialect.lock(f"headrace serve {domain}")
        # Behind the lock: a run that waited for it would bring older versions back.
        wanted = served_domain(domain, settings)
        if not wanted.tables:
            raise UsageError(f"nothing of {domain} is refined yet: run headrace generate and headrace refine")
        return _serve(domain, wanted, dialect, reader)


def _serve(domain: str, wanted: ServedDomain, dialect: Dialect, reader: str) -> list[Loaded]:
    known = _Loads(domain, dialect)
    _check_names(domain, wanted, dialect, known)
    changed = _migrate(domain, wanted, dialect, known)
    done = [Loaded(name, "waiting") for name in wanted.waiting]
    for each in wanted.tables:
        tell(Event("serve", each.name, "started"))
        loaded = _load(each, dialect, known, each.name in changed)
        tell(Event("serve", each.name, "done", rows=loaded.inserted + loaded.updated, seconds=loaded.seconds))
        done.append(loaded)
    for name in sorted(known.tables - {each.table for each in done}):
        done.append(Loaded(name, "removed"))
        known.forget(name)
    for view in wanted.views:
        if view.name not in known.views:
            statement = dialect.view(domain, view)
            dialect.connection.exec_driver_sql(statement)
            known.note(view.name, _hash(statement), None, 0)
    if reader:
        dialect.let_read(domain, [*known.names, LOADS], reader)
    return done


class _Loads:
    """What a schema remembers of earlier runs."""

    def __init__(self, schema: str, dialect: Dialect) -> None:
        self._connection = dialect.connection
        if not sa.inspect(self._connection).has_schema(schema):
            self._connection.execute(sa.schema.CreateSchema(schema))
        self._table = sa.Table(
            LOADS,
            sa.MetaData(schema=schema),
            sa.Column("name", sa.Unicode(100), primary_key=True),
            sa.Column("made_of", sa.Unicode(64), nullable=False, comment="Of what it is made: a hash"),
            sa.Column("version", sa.BigInteger, comment="The version of the lake's table; null of a view"),
            sa.Column("rows", sa.BigInteger, nullable=False),
            sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
            comment="What Headrace keeps in this schema",
        )
        self._table.create(self._connection, checkfirst=True)
        rows = self._connection.execute(sa.select(self._table)).mappings()
        self._rows: dict[str, Mapping[str, Any]] = {row["name"]: row for row in rows}

    @property
    def names(self) -> list[str]:
        return sorted(self._rows)

    @property
    def tables(self) -> set[str]:
        return {name for name, row in self._rows.items() if row["version"] is not None}

    @property
    def views(self) -> dict[str, str]:
        return {name: row["made_of"] for name, row in self._rows.items() if row["version"] is None}

    def version_of(self, served: Served) -> int | None:
        """None where another table of the lake, or other columns of it, were held."""
        row = self._rows.get(served.name)
        return row["version"] if row is not None and row["made_of"] == served.identity else None

    def note(self, name: str, made_of: str, version: int | None, rows: int) -> None:
        self.forget(name)
        self._rows[name] = {"name": name, "made_of": made_of, "version": version}
        values = {"name": name, "made_of": made_of, "version": version, "rows": rows}
        self._connection.execute(sa.insert(self._table).values(**values))

    def forget(self, name: str) -> None:
        self._rows.pop(name, None)
        self._connection.execute(sa.delete(self._table).where(self._table.c.name == name))


def _check_names(schema: str, wanted: ServedDomain, dialect: Dialect, known: _Loads) -> None:
    inspector = sa.inspect(dialect.connection)
    there = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    names = {each.name for each in wanted.tables} | {each.name for each in wanted.views}
    if strangers := sorted(names & there - known.tables - known.views.keys()):
        raise HeadraceError(
            f"{', '.join(f'{schema}.{name}' for name in strangers)}: made by somebody else and left alone. Rename or "
            "drop it, or serve into a database of its own."
        )


def _migrate(schema: str, wanted: ServedDomain, dialect: Dialect, known: _Loads) -> set[str]:
    """Makes the tables what they are to be, and says which have changed. A table whose key or kind of column is another
    is made anew; views go before, since they hold on to columns."""
    connection, names = dialect.connection, {each.name for each in wanted.tables}
    ours = names | (known.tables - {*wanted.waiting})

    def looks_at(name: str | None, kind: str, _parents: Any) -> bool:
        return name == schema if kind == "schema" else name in ours if kind == "table" else True

    def planned() -> list[ops.MigrateOperation]:
        options = {"include_schemas": True, "include_name": looks_at, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        script = produce_migrations(context, wanted.metadata)
        return [step for step in _flat(script.upgrade_ops_list[0].ops) if not _is_of_others(step)]

    steps, there = planned(), sa.inspect(connection).get_view_names(schema)
    current = {view.name: _hash(dialect.view(schema, view)) for view in wanted.views}
    stale = {
        name for name, made_of in known.views.items() if name not in there or current.get(name) != made_of
    }
    if steps:
        stale = set(known.views)
    for name in sorted(stale):
        dialect.drop_view(schema, name)
        known.forget(name)
    anew = {step.table_name for step in steps if isinstance(step, ops.AlterColumnOp) and _changes_kind(step)}
    anew |= _with_other_keys(wanted, dialect)
    for name in sorted(anew & known.tables):
        sa.Table(name, sa.MetaData(schema=schema)).drop(connection)
    steps = planned() if anew else steps
    context = MigrationContext.configure(connection)
    for step in steps:
        if isinstance(step, ops.AlterColumnOp):
            step.kw.clear()  # what only MySQL knows of a column, and else is warned of
        Operations(context).invoke(step)
    return anew | {
        step.table_name
        for step in steps
        if isinstance(step, ops.CreateTableOp | ops.AddColumnOp | ops.DropColumnOp)
    }


def _is_of_others(step: ops.MigrateOperation) -> bool:
    """An index that somebody has added beside ours stays."""
    return isinstance(step, ops.DropIndexOp) and not str(step.index_name).startswith(f"ix_{step.table_name}_")


def _changes_kind(step: ops.AlterColumnOp) -> bool:
    """More than its comment."""
    return step.modify_type is not None or step.modify_nullable is not None


def _flat(steps: Sequence[ops.MigrateOperation]) -> Iterator[ops.MigrateOperation]:
    for step in steps:
        if isinstance(step, ops.ModifyTableOps):
            yield from _flat(step.ops)
        else:
            yield step


def _with_other_keys(wanted: ServedDomain, dialect: Dialect) -> set[str]:
    """Alembic does not compare keys."""
    inspector = sa.inspect(dialect.connection)
    found = set()
    for each in wanted.tables:
        if inspector.has_table(each.name, each.shape.schema):
            there = inspector.get_pk_constraint(each.name, each.shape.schema)["constrained_columns"]
            if there != [column.name for column in each.shape.primary_key]:
                found.add(each.name)
    return found


def _hash(statement: str) -> str:
    return sha256(statement.encode()).hexdigest()


def _load(served: Served, dialect: Dialect, known: _Loads, is_changed: bool) -> Loaded:
    watch, held = Stopwatch(), None if is_changed else known.version_of(served)
    if held == served.version:
        return Loaded(served.name, "unchanged")
    days = _days_since(served, held)
    counts = (
        Counts() if days == [] else dialect.put(served.shape, _batches(served, days), served.partition, days)
    )
    known.note(served.name, served.identity, served.version, dialect.count(served.shape))
    outcome = "created" if is_changed else "loaded" if counts.any() else "unchanged"
    return Loaded(
        served.name, outcome, counts.inserted, counts.updated, counts.deleted,
        None if days is None else len(days), watch.seconds,
    )  # fmt: skip


def _days_since(served: Served, held: int | None) -> list[date] | None:
    """None for all of them: nothing was held, the log reaches back no longer, or a row has no day."""
    if held is None or served.partition is None or held > served.version:
        return None
    changed = log.changed_partitions(served.place, served.partition, held, served.version)
    if changed is None or None in changed:
        return None
    return sorted(date.fromisoformat(value) for value in changed if value is not None)


def _batches(served: Served, days: list[date] | None) -> Iterator[pa.RecordBatch]:
    names = served.shape.columns.keys()
    wanted = None if days is None else pc.field(served.partition).isin(pa.array(days, pa.date32()))
    if served.where:
        wanted = pc.field(served.where) if wanted is None else wanted & pc.field(served.where)
    rows = served.delta.to_pyarrow_dataset()
    yield from rows.scanner(columns=names, filter=wanted, use_threads=False).to_batches()


def statements(domain: str, settings: Settings, dialect_name: str) -> list[str]:
    """What makes the tables, indexes and views in a database of some kind, and for SQL Server what fills them."""
    known = {"postgresql": Postgres, "mssql": SqlServer}
    if dialect_name not in known:
        raise UnknownName("dialect", dialect_name, known)
    engine = sa.create_mock_engine(f"{dialect_name}://", lambda *_: None)
    if dialect_name == "mssql":  # of 2022, as Azure has: without a version it would be that of 2005
        compiler: Any = engine.dialect
        compiler.server_version_info = (16,)
        compiler._setup_version_attributes()

    dialect = known[dialect_name](engine)
    wanted = served_domain(domain, settings)
    found = [str(sa.schema.CreateSchema(domain).compile(dialect=engine.dialect))]
    for each in wanted.tables:
        found.append(str(sa.schema.CreateTable(each.shape).compile(dialect=engine.dialect)).strip())
        indexes = sorted(each.shape.indexes, key=lambda index: str(index.name))
        found += [str(sa.schema.CreateIndex(index).compile(dialect=engine.dialect)) for index in indexes]
    found += [dialect.view(domain, view) for view in wanted.views]
    if isinstance(dialect, SqlServer):
        found += [dialect.merge(each.shape, each.partition) for each in wanted.tables]
    ends = ";\nGO" if dialect_name == "mssql" else ";"
    return [f"{statement.rstrip(';')}{ends}" for statement in found]
