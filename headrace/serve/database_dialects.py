"""What PostgreSQL and SQL Server do each in their own way: bulk loads, upserts, locks and roles."""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa

from headrace.errors import Busy
from headrace.serve.served_tables import View

MEANWHILE = "another run fills this database at this moment; run the same command again when it is done"
NEW = "headrace_new"
"""The temporary table that new rows lie in."""
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Counts:
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def any(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)


class Dialect(ABC):
    of_sqlglot: str

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @abstractmethod
    def lock(self, name: str) -> None:
        """Held to the end of the transaction; Busy where another run holds it."""

    @abstractmethod
    def put(
        self,
        table: sa.Table,
        batches: Iterable[pa.RecordBatch],
        partition: str | None,
        days: list[date] | None,
    ) -> Counts:
        """Has a table hold these rows and no others, within some days or as a whole."""

    def view(self, schema: str, view: View) -> str:
        """The statement that creates it."""
        return f"CREATE VIEW {self.quoted(schema, view.name)} AS\n{view.body(schema, self.of_sqlglot)}"

    def drop_view(self, schema: str, name: str) -> None:
        self.connection.exec_driver_sql(f"DROP VIEW IF EXISTS {self.quoted(schema, name)}")

    @abstractmethod
    def let_read(self, schema: str, names: Iterable[str], role: str) -> None:
        """Makes a role, where there is none, that may read what is ours in a schema; people are made members of it."""

    def count(self, table: sa.Table) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    def quoted(self, *names: str) -> str:
        return ".".join(self.connection.dialect.identifier_preparer.quote_identifier(name) for name in names)

    def _same_key(self, table: sa.Table) -> str:
        """That the rows t and n have the same key."""
        key = (column.name for column in table.primary_key)
        return " AND ".join(f"t.{name} = n.{name}" for name in self._names(key))

    def _names(self, columns: Iterable[str], of: str = "") -> list[str]:
        return [f"{of}.{self.quoted(name)}" if of else self.quoted(name) for name in columns]


class Postgres(Dialect):
    of_sqlglot = "postgres"

    def lock(self, name: str) -> None:
        number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        if not self.connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number))).scalar_one():
            raise Busy(MEANWHILE)

    def put(
        self,
        table: sa.Table,
        batches: Iterable[pa.RecordBatch],
        partition: str | None,
        days: list[date] | None,
    ) -> Counts:
        target = self.quoted(str(table.schema), table.name)
        if not self.connection.execute(
            sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table)))
        ).scalar_one():
            return Counts(inserted=self._copy(target, table, batches))
        new = self.quoted(NEW)
        self._run(f"CREATE TEMPORARY TABLE {new} (LIKE {target}) ON COMMIT DROP")
        self._copy(new, table, batches)
        self._run(f"ANALYZE {new}")
        settle = self._settled if table.primary_key else self._replaced
        counts = settle(target, new, table, partition, days)
        self._run(f"DROP TABLE {new}")
        return counts

    def _settled(
        self, target: str, new: str, table: sa.Table, partition: str | None, days: list[date] | None
    ) -> Counts:
        rest, same = _beside_the_key(table), self._same_key(table)
        within = f"t.{self.quoted(partition)} = ANY(%(days)s) AND " if days is not None and partition else ""
        gone = self._run(
            f"DELETE FROM {target} t WHERE {within}NOT EXISTS (SELECT 1 FROM {new} n WHERE {same})",
            {"days": days},
        )
        columns = ", ".join(self._names(table.columns.keys()))
        values = ", ".join(f"{name} = excluded.{name}" for name in self._names(rest))
        old, excluded = (", ".join(self._names(rest, of)) for of in ("t", "excluded"))
        conflict = (
            f"DO UPDATE SET {values} WHERE ({old}) IS DISTINCT FROM ({excluded})" if rest else "DO NOTHING"
        )
        key = ", ".join(self._names(column.name for column in table.primary_key))
        (written, inserted) = self.connection.exec_driver_sql(
            f"WITH written AS (INSERT INTO {target} AS t ({columns}) SELECT {columns} FROM {new} "
            f"ON CONFLICT ({key}) {conflict} RETURNING (xmax = 0) AS is_new) "
            "SELECT count(*), count(*) FILTER (WHERE is_new) FROM written"
        ).one()
        return Counts(inserted, written - inserted, gone)

    def _replaced(
        self, target: str, new: str, _: sa.Table, partition: str | None, days: list[date] | None
    ) -> Counts:
        """Of a table without a key: all rows of the days, where any differs."""
        within = f" WHERE {self.quoted(partition)} = ANY(%(days)s)" if days is not None and partition else ""
        sides = f"SELECT * FROM {target}{within}", f"SELECT * FROM {new}"
        differs = " UNION ALL ".join(f"({one} EXCEPT ALL {other})" for one, other in (sides, sides[::-1]))
        question = f"SELECT EXISTS ({differs})"
        if not self.connection.exec_driver_sql(question, {"days": days}).scalar_one():
            return Counts()
        gone = self._run(f"DELETE FROM {target}{within}", {"days": days})
        return Counts(inserted=self._run(f"INSERT INTO {target} SELECT * FROM {new}"), deleted=gone)

    def _copy(self, target: str, table: sa.Table, batches: Iterable[pa.RecordBatch]) -> int:
        rows, driver = 0, self.connection.connection.driver_connection
        assert driver is not None
        columns = ", ".join(self._names(table.columns.keys()))
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)") as copy,
        ):
            for batch in batches:
                if batch.num_rows:
                    copy.write(_as_csv(batch))
                    rows += batch.num_rows
        return rows

    def let_read(self, schema: str, names: Iterable[str], role: str) -> None:
        exists = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role")
        named = self.quoted(role)
        if self.connection.execute(exists, {"role": role}).scalar() is None:
            self._run(f"CREATE ROLE {named} NOLOGIN")
        self._run(f"GRANT USAGE ON SCHEMA {self.quoted(schema)} TO {named}")
        ours = ", ".join(self.quoted(schema, name) for name in names)
        self._run(f"GRANT SELECT ON {ours} TO {named}")

    def _run(self, statement: str, values: dict[str, Any] | None = None) -> int:
        return int(self.connection.exec_driver_sql(statement, values or {}).rowcount)


class SqlServer(Dialect):
    """Written by the documentation and parsed in tests; no SQL Server is at hand."""

    of_sqlglot = "tsql"

    def lock(self, name: str) -> None:
        statement = (
            "SET NOCOUNT ON; DECLARE @held int; EXEC @held = sp_getapplock @Resource = ?, @LockMode = 'Exclusive', "
            "@LockTimeout = 0; SELECT @held"
        )
        if self.connection.exec_driver_sql(statement, (name,)).scalar_one() < 0:
            raise Busy(MEANWHILE)

    def put(
        self,
        table: sa.Table,
        batches: Iterable[pa.RecordBatch],
        partition: str | None,
        days: list[date] | None,
    ) -> Counts:
        new, target = f"#{NEW}", self.quoted(str(table.schema), table.name)
        self.connection.exec_driver_sql(f"SELECT TOP 0 * INTO {new} FROM {target}")
        columns = table.columns.keys()
        insert = f"INSERT INTO {new} ({', '.join(self._names(columns))}) VALUES ({', '.join('?' for _ in columns)})"
        for batch in batches:
            for part in range(0, batch.num_rows, ROWS_AT_ONCE):
                rows = _as_texts(batch.slice(part, ROWS_AT_ONCE)).to_pydict()
                self.connection.exec_driver_sql(insert, list(zip(*rows.values(), strict=True)))
        if days is not None:
            self.connection.exec_driver_sql("CREATE TABLE #headrace_days (day date PRIMARY KEY)")
            self.connection.exec_driver_sql("INSERT INTO #headrace_days VALUES (?)", [(day,) for day in days])
        done = self.connection.exec_driver_sql(self.merge(table, partition if days is not None else None))
        actions = dict(row._tuple() for row in done)
        for name in (new, *(("#headrace_days",) if days is not None else ())):
            self.connection.exec_driver_sql(f"DROP TABLE {name}")
        return Counts(*(actions.get(action, 0) for action in ("INSERT", "UPDATE", "DELETE")))

    def merge(self, table: sa.Table, partition: str | None) -> str:
        """One statement for all three; of the days alone that are in #headrace_days, where a partition is named."""
        if not table.primary_key:
            return self._replacement(table, partition)
        rest, same = _beside_the_key(table), self._same_key(table)
        old, new = (", ".join(self._names(rest, of)) for of in ("t", "n"))
        columns = self._names(table.columns.keys())
        update = ", ".join(f"t.{name} = n.{name}" for name in self._names(rest))
        within = f" AND t.{self.quoted(partition)} IN (SELECT day FROM #headrace_days)" if partition else ""
        return (
            "SET NOCOUNT ON;\nDECLARE @done table (what nvarchar(10));\n"
            f"MERGE INTO {self.quoted(str(table.schema), table.name)} WITH (HOLDLOCK) AS t\n"
            f"USING #{NEW} AS n ON {same}\n"
            + (
                f"WHEN MATCHED AND EXISTS (SELECT {old} EXCEPT SELECT {new}) THEN UPDATE SET {update}\n"
                if rest
                else ""
            )
            + f"WHEN NOT MATCHED BY TARGET THEN INSERT ({', '.join(columns)}) "
            f"VALUES ({', '.join(f'n.{name}' for name in columns)})\n"
            f"WHEN NOT MATCHED BY SOURCE{within} THEN DELETE\n"
            "OUTPUT $action INTO @done;\nSELECT what, COUNT(*) AS rows_done FROM @done GROUP BY what;"
        )

    def _replacement(self, table: sa.Table, partition: str | None) -> str:
        """Of a table without a key: all rows of the days."""
        target = self.quoted(str(table.schema), str(table.name))
        within = f" WHERE {self.quoted(partition)} IN (SELECT day FROM #headrace_days)" if partition else ""
        return (
            f"SET NOCOUNT ON;\nDECLARE @gone int;\nDELETE FROM {target}{within};\nSET @gone = @@ROWCOUNT;\n"
            f"INSERT INTO {target} SELECT * FROM #{NEW};\n"
            "SELECT 'INSERT' AS what, @@ROWCOUNT AS rows_done UNION ALL SELECT 'DELETE', @gone;"
        )

    def let_read(self, schema: str, names: Iterable[str], role: str) -> None:
        named = self.quoted(role)
        self.connection.exec_driver_sql(
            f"IF DATABASE_PRINCIPAL_ID(N'{role.replace(chr(39), '')}') IS NULL CREATE ROLE {named}"
        )
        for name in names:
            self.connection.exec_driver_sql(f"GRANT SELECT ON {self.quoted(schema, name)} TO {named}")


def dialect_of(connection: sa.Connection) -> Dialect:
    return (Postgres if connection.dialect.name == "postgresql" else SqlServer)(connection)


def _beside_the_key(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]


def _as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Lists and structures as JSON."""

    def text(value: Any) -> str | None:
        return None if value is None else json.dumps(value, default=str)

    columns = [
        pa.array(map(text, column.to_pylist()), pa.string()) if pa.types.is_nested(column.type) else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def _as_csv(batch: pa.RecordBatch) -> bytes:
    """As COPY reads it: null is nothing at all, an empty text is quoted."""
    out = io.BytesIO()
    pa_csv.write_csv(_as_texts(batch), out, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue()
