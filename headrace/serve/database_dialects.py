"""What PostgreSQL and SQL Server do each in their own way: bulk loads, upserts, locks, roles, errors."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa

from headrace.errors import Busy, HeadraceError, Transient
from headrace.serve.served_tables import View
from headrace.settings import Settings

CONNECTS_WITHIN = 10
WAITS_FOR_LOCKS = 30
NEW = "headrace_new"
"""The temporary table that new rows lie in."""
ROWS_AT_ONCE = 10_000
SOON_OVER = (
    *("starting up", "shutting down", "recovery mode", "too many clients", "connection slots"),
    "not currently available",  # SQL Server on Azure, as it wakes
)
"""What a server says that may take connections a little later; libpq gives no code for it."""


@dataclass(frozen=True)
class Counts:
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def any(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)


class Dialect:
    of_sqlglot: str

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def lock(self, name: str) -> None:
        """Held to the end of the transaction; Busy where another run holds it."""
        raise NotImplementedError

    def put(
        self,
        table: sa.Table,
        batches: Iterable[pa.RecordBatch],
        partition: str | None,
        days: list[date] | None,
    ) -> Counts:
        """Has a table hold these rows and no others, within some days or as a whole."""
        raise NotImplementedError

    def view(self, schema: str, view: View) -> str:
        """The statement that creates it."""
        return f"CREATE VIEW {self.quoted(schema, view.name)} AS\n{view.body(schema, self.of_sqlglot)}"

    def drop_view(self, schema: str, name: str) -> None:
        self.connection.exec_driver_sql(f"DROP VIEW IF EXISTS {self.quoted(schema, name)}")

    def let_read(self, schema: str, names: Iterable[str], role: str) -> None:
        """Makes a role, where there is none, that may read what is ours in a schema; people are made members of it."""
        raise NotImplementedError

    def count(self, table: sa.Table) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    def quoted(self, *names: str) -> str:
        return ".".join(self.connection.dialect.identifier_preparer.quote_identifier(name) for name in names)

    def _names(self, columns: Iterable[str], of: str = "") -> list[str]:
        return [f"{of}.{self.quoted(name)}" if of else self.quoted(name) for name in columns]


class Postgres(Dialect):
    of_sqlglot = "postgres"

    def lock(self, name: str) -> None:
        number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        if not self.connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number))).scalar_one():
            raise Busy(
                "another run fills this database at this moment; run the same command again when it is done"
            )

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
        key = [column.name for column in table.primary_key]
        rest = [column.name for column in table.columns if not column.primary_key]
        same = " AND ".join(f"t.{name} = n.{name}" for name in self._names(key))
        within = f"t.{self.quoted(partition)} = ANY(%(days)s) AND " if days is not None and partition else ""
        gone = self._run(
            f"DELETE FROM {target} t WHERE {within}NOT EXISTS (SELECT 1 FROM {new} n WHERE {same})",
            {"days": days},
        )
        moved = 0
        if within:  # a row that has come to another day
            others = f"NOT (t.{self.quoted(partition or '')} = ANY(%(days)s))"
            moved = self._run(
                f"DELETE FROM {target} t USING {new} n WHERE {same} AND {others}", {"days": days}
            )
        columns = ", ".join(self._names(table.columns.keys()))
        values = ", ".join(f"{name} = excluded.{name}" for name in self._names(rest))
        old, excluded = (", ".join(self._names(rest, of)) for of in ("t", "excluded"))
        conflict = (
            f"DO UPDATE SET {values} WHERE ({old}) IS DISTINCT FROM ({excluded})" if rest else "DO NOTHING"
        )
        (written, inserted) = self.connection.exec_driver_sql(
            f"WITH written AS (INSERT INTO {target} AS t ({columns}) SELECT {columns} FROM {new} "
            f"ON CONFLICT ({', '.join(self._names(key))}) {conflict} RETURNING (xmax = 0) AS is_new) "
            "SELECT count(*), count(*) FILTER (WHERE is_new) FROM written"
        ).one()
        return Counts(inserted - moved, written - inserted + moved, gone)

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
            raise Busy(
                "another run fills this database at this moment; run the same command again when it is done"
            )

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
        key = [column.name for column in table.primary_key]
        rest = [column.name for column in table.columns if not column.primary_key]
        same = " AND ".join(f"t.{name} = n.{name}" for name in self._names(key))
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


@contextmanager
def connected(target: sa.URL, settings: Settings) -> Iterator[sa.Connection]:
    """One transaction: all of it is there at its end, or nothing."""
    arguments: dict[str, Any] = {}
    if target.get_backend_name() == "postgresql":
        limits = {
            "statement_timeout": f"{settings.serve_seconds}s",
            "lock_timeout": f"{WAITS_FOR_LOCKS}s",
            "timezone": "UTC",
            "search_path": "pg_catalog",  # a schema that is found without its name is hidden from Alembic
        }
        told = " ".join(f"-c {name}={value}" for name, value in limits.items())
        arguments = {
            "connect_timeout": CONNECTS_WITHIN,
            "options": told,
            "application_name": "headrace serve",
        }
        arguments |= {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    else:
        arguments = {"timeout": CONNECTS_WITHIN}
    engine = sa.create_engine(
        target,
        poolclass=sa.NullPool,
        connect_args=arguments,
        **({} if target.get_backend_name() == "postgresql" else {"fast_executemany": True}),
    )
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def explained(target: sa.URL) -> Iterator[None]:
    """Errors of the database in words that say what to do. None of them shows the password."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise HeadraceError(
            f"{error.name} is needed for {target.drivername}: pip install {error.name}"
        ) from None
    except Exception as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = _state_of(cause)
        is_of_database = isinstance(error, sa.exc.DBAPIError) or type(cause).__module__.startswith("psycopg")
        if not is_of_database:
            raise
        raise _in_words(state, cause, target) from None


def _state_of(cause: Any) -> str:
    """SQL's code of an error, which psycopg and pyodbc tell in their own ways; none where no connection was made."""
    first = next(iter(getattr(cause, "args", ())), "")
    by_odbc = first if isinstance(first, str) and re.fullmatch(r"[0-9A-Z]{5}", first) else ""
    return getattr(cause, "sqlstate", None) or by_odbc


REFUSED = ("FATAL: ", "no password supplied", "invalid connection option", "invalid port", 'missing "="')
"""What libpq says, without a code, of a connection that no second try would make."""


def _in_words(state: str, cause: Any, target: sa.URL) -> HeadraceError:
    place = target.set(drivername=target.get_backend_name(), query={}).render_as_string(hide_password=True)
    said = str(cause).strip()
    if target.password:
        said = said.replace(str(target.password), "***")
    diagnosis = getattr(cause, "diag", None)
    where = getattr(diagnosis, "context", None) or ""
    first = " ".join((getattr(diagnosis, "message_primary", None) or said).split())
    nothing = "Nothing was changed"
    match state[:2], state:
        case _, "57014":
            return Transient(
                f"{place} took longer than HEADRACE_SERVE_SECONDS for one statement. {nothing}; the next run takes up "
                "all that is missing."
            )
        case _, "55P03":
            return Transient(
                f"{place}: somebody holds a lock on a table for over {WAITS_FOR_LOCKS} s. {nothing}."
            )
        case _, "42501":
            return HeadraceError(
                f"{place}: this user lacks a right: {first}. {nothing}. It needs to CREATE in the database, to own the "
                "schemas that are served, and CREATEROLE where the reader's role does not exist (or --reader '')."
            )
        case _, "22001":
            return HeadraceError(
                f"{place}: {first}{f' ({where})' if where else ''}. {nothing}. Give the column more room under lengths "
                "in the domain's serving.yml."
            )
        case _, "2BP01":
            return HeadraceError(
                f"{place}: {first} {getattr(diagnosis, 'message_detail', '') or ''}. {nothing}. Drop what depends on "
                "it, and make it again afterwards."
            )
        case _, "" if any(each in said for each in REFUSED) and not any(each in said for each in SOON_OVER):
            refused = said.rpartition("FATAL: ")[2].strip()
            return HeadraceError(
                f"{place} refuses the connection: {refused}. A password comes from the URL, HEADRACE_SERVE_PASSWORD or "
                "~/.pgpass."
            )
        case (("08" | "57" | "53" | "40" | ""), _):
            return Transient(f"{place} does not answer, or the connection was lost: {first}. {nothing}.")
    return HeadraceError(f"{place}: {first}{f' ({where})' if where else ''}. {nothing}.")
