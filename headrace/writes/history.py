"""History: a slowly changing dimension of type 2.

rows in = opened + unchanged + rejected, and the versions stored = opened + reclassified over all batches.

Keys whose batch says nothing new are only counted. Where all that is new of a key is later than all that was known,
it follows on its current version. For every other key all versions are made again from all that bronze ever saw of it,
so replays and arrivals out of order end in exactly the same history. Where the source sends snapshots, a key is closed
at the instant of the first one that leaves it out, and opened again by the next one that has it (decision 037).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.delta_rs import listed, quoted
from headrace.tables import EVER, IS_NULL, REASONS, History, rejected_when
from headrace.writes.batch import GONE, IS_OLDER, ROW, Batch, WeighedWay
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.reference import HistoryReference

SENT, WHEN = "_sent_at", "_when"
NTH = "_nth"
"""Of the current version of a key that new ones follow on, its number."""
PLACE = ("_source", "_partition", "_ingested_at", "_offset")
"""What tells a row of bronze from all others."""
OWN = (
    (T.TimestampType(), "From when this version holds"),
    (T.TimestampType(), "Until when this version holds, not included; the year 9999 for the current one"),
    (T.BooleanType(), "Whether this version is the current one"),
    (T.IntegerType(), "The number of this version of its key, from 1"),
)
"""The types and meanings of the columns of a history, in the order of their names."""


class HistoryWay(WeighedWay[History]):
    terms = ("opened", "unchanged", "rejected")
    stored = ("opened", "reclassified")

    def __init__(self, write: History) -> None:
        super().__init__(write)
        self._names = write.names
        self.versions = write.names
        self.columns = tuple(
            T.StructField(name, kind, metadata={"comment": meaning})
            for name, (kind, meaning) in zip(self._names, OWN, strict=True)
        )

    def gained(self, fields: Sequence[T.StructField]) -> list[T.StructField]:
        """Those that the source does not send; the end is of the type of the beginning."""
        sent = {field.name: field.dataType for field in fields}
        ends = sent.get(self._names.since, T.TimestampType())
        kinds = {self._names.until: ends}
        return [
            T.StructField(each.name, kinds.get(each.name, each.dataType), metadata=each.metadata)
            for each in self.columns
            if each.name not in sent
        ]

    @property
    def sentence(self) -> str:
        declared = self.declared
        of = f" of {', '.join(f'`{name}`' for name in declared.tracked)}" if declared.tracked else ""
        since = f" from `{declared.effective}` on" if declared.effective else ""
        return f"a version for each change{of}{since}"

    def check(self, node: Node, contract: Contract | None) -> None:
        if len({*self._names}) < len(OWN):
            raise UsageError(
                f"{node.ref}: History gives two of its columns one name: {', '.join(self._names)}"
            )
        if contract is None:
            return
        unknown = [name for name in self.declared.tracked if name not in self._told(node, contract)]
        if unknown:
            raise UsageError(
                f"{node.ref}: History tracks {', '.join(unknown)}; a version is opened by columns that the source "
                f"tells and that are neither keys nor its own: {', '.join(self._told(node, contract))}"
            )
        if contract.arrives.sends != "snapshot":
            return
        if self.declared.effective:
            raise UsageError(
                f"{node.ref}: {contract.table} sends snapshots, and a snapshot says what holds when it is sent: "
                f"leave out effective={self.declared.effective!r}"
            )
        if contract.arrives.topic:
            raise UsageError(
                f"{node.ref}: {contract.table} sends snapshots by the topic {contract.arrives.topic}, of which each "
                "message would be a snapshot that closes all other keys; let it send changes"
            )

    def judged(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        effective = self.declared.effective
        if effective is None:
            return rows
        if effective not in rows.columns:
            raise UsageError(
                f"{edge.node.ref}: the column {effective!r} of History is none of its columns: "
                f"{', '.join(rows.columns)}"
            )
        spec = edge.contract.columns.get(effective)
        if spec is not None and spec.required:
            return rows
        return rows.transform(rejected_when(f"{effective} {IS_NULL}", F.col(effective).isNull()))

    def reference(self, node: Node, contract: Contract) -> HistoryReference:
        opens, told = self._opening(node, contract), self._told(node, contract)
        return HistoryReference(
            node.table.keys,
            self._names,
            tuple(opens),
            tuple(told),
            self.declared.effective,
            contract.arrives.sends == "snapshot",
        )

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        nothing = {field.name: F.lit(None).cast(field.dataType) for field in self.gained(list(rows.schema))}
        return rows.withColumns(nothing)

    def with_order(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """With the instant at which a row takes effect."""
        return rows.withColumn(WHEN, F.col(self.declared.effective or SENT).cast("timestamp"))

    def take(self, batch: Batch, number: int, note: dict[str, Any]) -> None:
        keys, contract = list(batch.edge.node.table.keys), batch.edge.contract
        told, opening = self._told(batch.edge.node, contract), self._opening(batch.edge.node, contract)
        note["counts"] |= {"opened": 0, "unchanged": batch.count("FROM good"), "reclassified": 0}
        versions = _Versions(batch, keys, self.declared, contract.arrives.sends == "snapshot")
        if versions.find_moved(told):
            versions.remake(opening)
            opened, reclassified = versions.counts()
            note["counts"] |= {
                "opened": opened,
                "unchanged": note["counts"]["unchanged"] - opened,
                "reclassified": reclassified,
            }
            versions.store(number, note)

    def _told(self, node: Node, contract: Contract) -> list[str]:
        """The columns of a version that the source tells."""
        own = (*node.table.keys, self.declared.effective, *self._names)
        return [name for name in contract.columns if name not in own]

    def _opening(self, node: Node, contract: Contract) -> list[str]:
        """The columns whose change opens a version: by default all, since what is judged by a version leans on any of
        them."""
        return list(self.declared.tracked) or self._told(node, contract)


class _Versions:
    """The versions of those keys of which a batch tells something new. Its tables: `moved`, these keys; `seen`, of each
    instant of a key the row that counts; `versions`, by the rows of `came` that they are made of; `remade`, these as
    the table holds them; `held`, what the table holds of them by now."""

    def __init__(self, batch: Batch, keys: list[str], declared: History, by_snapshots: bool) -> None:
        self._batch, self._is_stored = batch, batch.see_stored()
        self._declared, self._names, self._by_snapshots = declared, declared.names, by_snapshots
        self._keys, self._of_key = keys, listed(keys)

    def find_moved(self, told: list[str]) -> bool:
        """Finds the keys of which some row differs from the current version, or came before it, and those that a
        snapshot of the batch leaves out."""
        batch, of_key, names = self._batch, self._of_key, self._names
        rows = "came" if self._by_snapshots else "good"  # in a snapshot, a bad row names its key all the same
        nothing_new = "false"
        current = f"(SELECT {of_key}, NULL AS _since FROM came WHERE false)"
        if self._is_stored:
            since = f"CAST({quoted(names.since)} AS TIMESTAMPTZ) AS _since"
            was = ", ".join(f"{quoted(name)} AS {quoted('_was_' + name)}" for name in told)
            current = f"(SELECT {of_key}, {since}, {was} FROM stored WHERE {quoted(names.current)})"
            same = [f"{quoted(name)} IS NOT DISTINCT FROM {quoted('_was_' + name)}" for name in told]
            nothing_new = " AND ".join([f"{WHEN} >= _since", *same])
        some = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in self._keys)
        news = (
            f"SELECT {of_key} FROM {rows} LEFT JOIN {current} USING ({of_key}) "
            f"WHERE {some} AND NOT coalesce({nothing_new}, false)"
        )
        if self._by_snapshots:
            self._find_snapshots(some)
            news += self._left_out() if self._is_stored else ""
        batch.run(f"CREATE TABLE moved AS SELECT DISTINCT * FROM ({news})")
        return batch.count("FROM moved") > 0

    def _find_snapshots(self, some: str) -> None:
        """The instants of the snapshots that have come in whole, and when the last row of each did."""
        self._batch.see("bronze", self._batch.edge.bronze)
        self._batch.run(f"""
            CREATE TABLE snapshots AS
            SELECT {SENT} AS _next, max(_ingested_at) AS _whole_at FROM bronze GROUP BY {SENT}
            HAVING bool_and({some}) AND max(_ingested_at) <= {self._newest()}
        """)

    def _newest(self) -> str:
        """When the newest row came in that the table has taken, or takes now; recycled rows are older than that."""
        stored = "UNION ALL SELECT _ingested_at FROM stored" if self._is_stored else ""
        return f"(SELECT max(_ingested_at) FROM (SELECT _ingested_at FROM came {stored}))"

    def _left_out(self) -> str:
        """Keys with a version that a snapshot of the batch falls into without having the key."""
        of_key, since, until = self._of_key, quoted(self._names.since), quoted(self._names.until)
        return f"""
            UNION ALL SELECT {of_key} FROM (
                SELECT {of_key}, _next AS {SENT} FROM stored
                JOIN (SELECT _next FROM snapshots WHERE _next IN (SELECT {SENT} FROM came)) AS here
                ON {since} < _next AND _next < {until}
            ) ANTI JOIN bronze USING ({of_key}, {SENT})
        """

    def remake(self, opening: list[str]) -> None:
        bronze = self._batch.edge.bronze
        has_older = self._is_stored or log.row_count(bronze) > self._batch.rows
        if has_older:
            self._batch.see("bronze", bronze)
        self._find_late()
        if has_older:
            self._add_older()
        self._find_seen(opening)
        self._find_versions()
        self._find_remade()

    def _find_late(self) -> None:
        """Finds the keys of which the batch tells of a time before something known, `late`, or of which rows were set
        aside. Their versions are made again from all that bronze ever saw of them; what is new of others follows on
        their current version."""
        batch, keys = self._batch, self._of_key
        batch.run(f"ALTER TABLE came ADD COLUMN {NTH} INTEGER")
        effective = self._declared.effective or SENT
        if self._by_snapshots or not self._is_stored or not batch.is_as_sent(effective):
            batch.run("CREATE VIEW late AS FROM moved")
            return
        aside = ""
        if log.exists(batch.edge.rejected):
            batch.see("aside", batch.edge.rejected)
            aside = f"UNION SELECT {keys} FROM aside SEMI JOIN moved USING ({keys})"
        when = f"CAST({quoted(effective)} AS TIMESTAMPTZ) AS _before, {listed(PLACE)}"
        since = f"CAST({quoted(self._names.since)} AS TIMESTAMPTZ) AS _before"
        batch.run(f"""
            CREATE TABLE late AS
            SELECT {keys} FROM (
                SELECT {keys}, _before FROM ({self._older("moved", when)})
                UNION ALL  -- what is stored may be of rows of this very batch: those of one commit are seen together
                SELECT {keys}, {since} FROM stored SEMI JOIN moved USING ({keys}) WHERE {quoted(self._names.current)}
            ) JOIN (SELECT {keys}, min({WHEN}) AS _first FROM good GROUP BY {keys}) USING ({keys})
            WHERE _before >= _first {aside}
        """)

    def _older(self, of_keys: str, columns: str) -> str:
        """Rows of some keys that bronze held when the newest row taken so far came in, without those of the batch."""
        # Lines of a large file have no number, so none of them is known to be one of the batch.
        same = "older._offset = here._offset AND " + " AND ".join(
            f"older.{name} IS NOT DISTINCT FROM here.{name}" for name in PLACE if name != "_offset"
        )
        return f"""
            SELECT * FROM (
                SELECT {self._of_key}, {columns} FROM bronze SEMI JOIN {of_keys} USING ({self._of_key})
                WHERE _ingested_at <= {self._newest()}
            ) AS older ANTI JOIN (SELECT {listed(PLACE)} FROM came) AS here ON {same}
        """

    def _add_older(self) -> None:
        """Beside the rows of the batch: of late keys all that came before, of others the current version."""
        batch, keys = self._batch, self._of_key
        batch.add_older(self._older("late", f"* EXCLUDE ({keys})"))
        if self._is_stored:
            same = listed(name for name in batch.kinds("came") if name in batch.kinds("stored"))
            since, number = quoted(self._names.since), quoted(self._names.number)
            batch.run(f"""
                INSERT INTO came BY NAME
                SELECT {same}, CAST({since} AS TIMESTAMPTZ) AS {WHEN}, {number} AS {NTH}, [] AS {REASONS},
                    nextval('places') AS {ROW}, true AS {IS_OLDER}
                FROM stored SEMI JOIN moved USING ({keys}) ANTI JOIN late USING ({keys})
                WHERE {quoted(self._names.current)}
            """)

    def _find_seen(self, opening: list[str]) -> None:
        """Of each instant of a key the row that counts; in snapshots bad ones are among them, for they hold a key."""
        keys, state = self._of_key, ", ".join(f"{quoted(name)} := {quoted(name)}" for name in opening)
        first = "_is_bad" if self._by_snapshots else f"{SENT} DESC NULLS LAST"
        passing = "" if self._by_snapshots else f"WHERE len({REASONS}) = 0"
        last_sent = ", ".join(f"{name} DESC NULLS LAST" for name in ("_ingested_at", "_source", "_offset"))
        effective = quoted(self._declared.effective or SENT)
        one_each = f"""
            SELECT _row, {keys}, {WHEN}, {NTH}, _ingested_at, _source, {effective} AS _effective,
                len({REASONS}) > 0 AS _is_bad, struct_pack({state}) AS _state
            FROM came SEMI JOIN moved USING ({keys}) {passing}
            QUALIFY row_number() OVER (PARTITION BY {keys}, {WHEN} ORDER BY {first}, {last_sent}) = 1
        """
        if not self._by_snapshots:
            stays = f"SELECT *, 0 AS _stay, CAST(NULL AS TIMESTAMPTZ) AS _closed_at FROM ({one_each})"
            self._batch.run(f"CREATE TABLE seen AS {stays}")
        else:
            self._batch.run(f"CREATE TABLE seen AS {self._stays(one_each)}")

    def _stays(self, one_each: str) -> str:
        """The good rows of each key, numbered by its stays in the snapshots, with the instant at which a stay ended.
        What is stored tells how far bronze was taken, and a snapshot that only closes keys leaves no other trace."""
        keys, in_time = self._of_key, f"(PARTITION BY {self._of_key} ORDER BY {WHEN})"
        return f"""
            WITH dated AS (
                SELECT one_each.*, _next, _whole_at, lead({WHEN}) OVER {in_time} AS _then
                FROM ({one_each}) AS one_each ASOF LEFT JOIN snapshots ON one_each.{WHEN} < _next
            ), ended AS (
                SELECT *, _next IS NOT NULL AND (_then IS NULL OR _then > _next) AS _is_last FROM dated
            ), begun AS (
                SELECT *, coalesce(lag(_is_last) OVER {in_time}, false) AS _begins FROM ended
            ), numbered AS (
                SELECT *, sum(CAST(_begins AS INTEGER)) OVER {in_time} AS _stay FROM begun
            ), closed AS (
                SELECT *, max(_next) FILTER (_is_last) OVER whole_stay AS _closed_at,
                    max(_whole_at) FILTER (_is_last) OVER whole_stay AS _known_at
                FROM numbered WINDOW whole_stay AS (PARTITION BY {keys}, _stay)
            )
            SELECT * REPLACE (greatest(_ingested_at, _known_at) AS _ingested_at) FROM closed WHERE NOT _is_bad
        """

    def _find_versions(self) -> None:
        """A version for each change of the opening columns, whatever else the rows hold: as the first row says it, or
        where columns are tracked, the newest one that came into effect while it held. Its `_source` is that of the row
        that opened it."""
        keys, takes = self._of_key, "arg_max" if self._declared.tracked else "arg_min"
        in_stay = f"(PARTITION BY {keys}, _stay ORDER BY {WHEN})"
        self._batch.run(f"""
            CREATE TABLE versions AS
            WITH opened AS (
                SELECT *, row_number() OVER in_stay = 1 OR lag(_state) OVER in_stay IS DISTINCT FROM _state AS _opens
                FROM seen WINDOW in_stay AS {in_stay}
            ), numbered AS (
                SELECT * EXCLUDE (_state), sum(CAST(_opens AS INTEGER)) OVER {in_stay} AS _run FROM opened
            ), runs AS (
                SELECT {keys}, _stay, min({WHEN}) AS {WHEN}, first(_source ORDER BY {WHEN}) AS _source,
                    first(_effective ORDER BY {WHEN}) AS _effective, {takes}(_row, {WHEN}) AS _row,
                    {takes}(_ingested_at, {WHEN}) AS _ingested_at, max(_closed_at) AS _closed_at, max({NTH}) AS {NTH}
                FROM numbered GROUP BY {keys}, _stay, _run
            )
            SELECT {keys}, {WHEN}, _source, _effective, _row, _ingested_at,
                coalesce(lead({WHEN}) OVER {in_stay}, _closed_at) AS _until,
                coalesce(max({NTH}) OVER (PARTITION BY {keys}), 1) - 1
                    + row_number() OVER (PARTITION BY {keys} ORDER BY {WHEN}) AS _number
            FROM runs
        """)

    def _find_remade(self) -> None:
        sent, names = self._batch.kinds("came"), self._names
        ends = sent.get(names.since, "TIMESTAMPTZ")
        kinds = dict(zip(names, (ends, ends, "BOOLEAN", "INTEGER"), strict=True)) | sent
        ever = f"coalesce(_until, TIMESTAMPTZ '{EVER}+00')"
        own = {"_ingested_at": "versions._ingested_at"}
        own |= {self._declared.effective: "_effective"} if self._declared.effective else {}
        own |= {
            names.since: _instant_as(kinds[names.since], f"versions.{WHEN}"),
            names.until: _instant_as(kinds[names.until], ever),
            names.current: f"CAST(_until IS NULL AS {kinds[names.current]})",
            names.number: f"CAST(_number AS {kinds[names.number]})",
        }
        columns = [name for name in (*sent, *own) if name not in (WHEN, NTH, ROW, "_source")]
        says = ", ".join(
            f"{own.get(name, quoted('came', name))} AS {quoted(name)}" for name in dict.fromkeys(columns)
        )
        self._batch.run(f"CREATE TABLE remade AS SELECT {says} FROM versions JOIN came USING (_row)")
        if self._is_stored:
            of_late = f"FROM stored SEMI JOIN late USING ({self._of_key})"
            current = f"WHERE {quoted(names.current)}"
            of_others = (
                f"FROM stored SEMI JOIN moved USING ({self._of_key}) ANTI JOIN late USING ({self._of_key})"
            )
            self._batch.run(f"CREATE TABLE held AS {of_late} UNION ALL {of_others} {current}")

    def counts(self) -> tuple[int, int]:
        """How many rows of the batch opened a version, and how many versions came or went beside these."""
        batch, begun = self._batch, f"{self._of_key}, {WHEN}, _source"
        opened = batch.count(f"SELECT DISTINCT {begun} FROM good SEMI JOIN versions USING ({begun})")
        before = batch.count("FROM held") if self._is_stored else 0
        return opened, batch.count("FROM versions") - before - opened

    def store(self, number: int, note: dict[str, Any]) -> None:
        """Merges the versions that differ from what the table holds; those that it holds beyond them are gone."""
        named = [*self._keys, self._names.number]
        rows = f"SELECT *, false AS {GONE} FROM remade"
        if self._is_stored:
            of_version, sent = listed(named), self._batch.kinds("remade")
            compared = [name for name in self._batch.kinds("held") if name in sent]
            same = " AND ".join(
                f"{quoted('remade', name)} {'=' if name in named else 'IS NOT DISTINCT FROM'} {quoted('held', name)}"
                for name in compared
            )
            surplus = f"SELECT {of_version}, true AS {GONE} FROM held ANTI JOIN remade USING ({of_version})"
            rows = f"{rows} ANTI JOIN held ON {same} UNION ALL BY NAME {surplus}"
        self._batch.merge(rows, named, number, note)


def _instant_as(kind: str, instant: str) -> str:
    """An instant in the type of a column; as text without its zone, which is UTC."""
    return f"CAST({instant}::TIMESTAMP AS VARCHAR)" if kind == "VARCHAR" else f"CAST({instant} AS {kind})"
