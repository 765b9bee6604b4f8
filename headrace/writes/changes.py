"""Changes: a change feed is applied in the order of the source's log; the table holds each key as it is now.

rows in = applied + before-images + superseded + replayed + rejected, and the rows stored = added + deleted, of which
the latter counts below nought. What is known of a key is the order that its row carries, or, of one that was deleted,
its tombstone in `<table>__deleted` (decision 036); later changes are applied, earlier ones are superseded, and the same
one is replayed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import ChangeFeed, Contract
from headrace.contracts.schema import bronze_schema
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.delta_rs import append_once, duckdb_connected, listed, name_table, quoted, text_literal
from headrace.lake.paths import deleted_of
from headrace.tables import IS_NULL, REASONS, Changes, rejected_when
from headrace.writes.batch import GONE, NOW, Batch, WeighedWay
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.reference import ChangesReference

ORDER, FATE = "_order", "_fate"
FATES = ("applied", "before-images", "superseded", "replayed")
NEVER_INSERTED = "its key was never inserted"
ARRIVAL = ("_sent_at", "_source", "_partition", "_offset")


class ChangesWay(WeighedWay[Changes]):
    terms = (*FATES, "rejected")
    stored = ("added", "deleted")
    corrects_nothing = "a change of the same order is counted as replayed"
    named = {"replayed": "changes that had come before", "before-images": "rows as they were before a change"}

    @property
    def sentence(self) -> str:
        return "changes are applied in the order of the source's log, and deleted keys are gone"

    def side_tables(self, name: str) -> tuple[str, ...]:
        return (deleted_of(name),)

    def check(self, node: Node, contract: Contract | None) -> None:
        super().check(node, contract)
        if contract is None or contract.type != "change_feed":
            raise UsageError(f"{node.ref}: Changes applies a source whose contract says `type: change_feed`")
        self._feed(contract).check(contract.columns)

    def _feed(self, contract: Contract) -> ChangeFeed:
        """What the contract says of its feed, with what the table declares otherwise."""
        feed = contract.changes.model_dump() if contract.changes else {}
        own = {name: getattr(self.declared, name) for name in ("operation", "order", "before")}
        feed |= {name: value for name, value in own.items() if value}
        if not (feed.get("operation") and feed.get("order")):
            raise UsageError(
                f"Changes needs to know the operation and the order of {contract.table}: name their columns where the "
                "table is declared, or under `changes` in its contract"
            )
        return ChangeFeed(**feed)

    def judges_by(self, edge: Edge) -> Mapping[str, str]:
        names = edge.node.name, deleted_of(edge.node.name)
        return {name: edge.paths.table("silver", name) for name in names}

    def judged(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        feed, columns = self._feed(edge.contract), edge.contract.columns
        for name in (*edge.node.table.keys, *feed.order):
            if name not in columns or not (columns[name].required or name == edge.contract.key_column):
                rows = rows.transform(rejected_when(f"{name} {IS_NULL}", F.col(name).isNull()))
        known = F.coalesce(F.col(feed.operation).isin(*feed.operations(columns)), F.lit(False))
        return rows.transform(rejected_when(f"{feed.operation} is no operation of its feed", ~known))

    def judged_again(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        with Batch.of(self, edge, rows, versions) as batch:
            names = listed([*bronze_schema(edge.contract).fieldNames(), REASONS])
            return rows.sparkSession.createDataFrame(batch.arrow(f"SELECT {names} FROM came"))

    def rejected_may_pass(self, edge: Edge) -> bool:
        """Files may arrive out of order, so that an insert comes after the changes that follow it in the log."""
        if self.declared.unknown != "set aside" or not log.exists(edge.rejected):
            return False
        keys, places = listed(edge.node.table.keys), filter(log.exists, self.judges_by(edge).values())
        with duckdb_connected(edge.context.settings) as db:
            name_table(db, "aside", edge.rejected)
            never = f"list_contains({REASONS}, {text_literal(NEVER_INSERTED)})"
            db.execute(f"CREATE TABLE waiting AS SELECT DISTINCT {keys} FROM aside WHERE {never}")
            for number, place in enumerate(places):
                name_table(db, f"known_{number}", place)
                if db.sql(f"FROM waiting SEMI JOIN known_{number} USING ({keys}) LIMIT 1").fetchall():
                    return True
        return False

    def judge_together(self, batch: Batch) -> None:
        """Sets aside changes to keys of which neither the table nor, earlier in the log, the batch has an insert."""
        keys, feed = listed(batch.edge.node.table.keys), self._feed(batch.edge.contract)
        self._find_known(batch, keys)
        if self.declared.unknown == "set aside":
            batch.run(f"""
                UPDATE came SET {REASONS} = ['{NEVER_INSERTED}'] WHERE _row IN (
                    SELECT _row FROM (
                        SELECT _row, {keys}, {ORDER}, {_is(feed, feed.insert)} AS _is_insert,
                            {_is(feed, (*feed.update, *feed.delete))} AS _needs_one,
                            min(CASE WHEN _is_insert THEN {ORDER} END) OVER (PARTITION BY {keys}) AS _inserted
                        FROM came WHERE len({REASONS}) = 0
                    ) ANTI JOIN known USING ({keys})
                    WHERE _needs_one AND NOT coalesce(_inserted <= {ORDER}, false)
                )
            """)

    def _find_known(self, batch: Batch, keys: str) -> None:
        """Of each key of the batch: how far in the log it is known, and whether the table holds it."""
        known = [f"SELECT {keys}, {ORDER}, false AS _held FROM came WHERE false"]
        for name, path in self.judges_by(batch.edge).items():
            if batch.versions.get(name, -1) >= 0:
                view = f"known_{len(known)}"
                batch.see(view, path, batch.versions[name])
                known.append(f"SELECT {keys}, {ORDER}, {path == batch.edge.target} AS _held FROM {view}")
        batch.run(f"""
            CREATE TABLE known AS SELECT {keys}, max({ORDER}) AS _known, bool_or(_held) AS _held
            FROM ({" UNION ALL ".join(known)}) SEMI JOIN came USING ({keys}) GROUP BY {keys}
        """)

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return rows.withColumn(ORDER, F.struct(*self._feed(contract).order)).drop(*self.leaves_out(contract))

    def reference(self, node: Node, contract: Contract) -> ChangesReference:
        own = (*node.table.keys, *self.leaves_out(contract))
        says = tuple(name for name in contract.columns if name not in own)
        return ChangesReference(node.table.keys, self._feed(contract), tuple(contract.columns), says)

    def leaves_out(self, contract: Contract) -> tuple[str, ...]:
        feed = self._feed(contract)
        return (feed.before,) if feed.before in contract.columns else ()

    def with_order(self, edge: Edge, rows: DataFrame) -> DataFrame:
        return rows.withColumn(ORDER, F.struct(*self._feed(edge.contract).order))

    def take(self, batch: Batch, number: int, note: dict[str, Any]) -> None:
        edge, keys = batch.edge, batch.edge.node.table.keys
        self._weigh(batch, self._feed(edge.contract))
        fates = dict(batch.select(f"SELECT {FATE}, count(*) FROM weighed GROUP BY {FATE}"))
        moved = {
            (gone, held): rows
            for gone, held, rows in batch.select(f"SELECT {GONE}, _held, count(*) FROM standing GROUP BY ALL")
        }
        note["counts"] |= {fate: fates.get(fate, 0) for fate in FATES}
        note["counts"] |= {"added": moved.get((False, False), 0), "deleted": -moved.get((True, True), 0)}
        if any(gone for gone, _ in moved):
            self._remember_deleted(batch, number, note)
        if any(not gone or held for gone, held in moved):
            stored = [name for name in batch.kinds("came") if name not in self.leaves_out(edge.contract)]
            rows = f"SELECT {listed(stored, of='came')}, {GONE} FROM came JOIN standing USING (_row)"
            batch.merge(rows, keys, number, note)

    def _weigh(self, batch: Batch, feed: ChangeFeed) -> None:
        """What becomes of each row, `weighed`, and of each key the change that is `standing` last."""
        keys = listed(batch.edge.node.table.keys)
        arrival = ", ".join(f"{name} NULLS FIRST" for name in ARRIVAL)
        batch.run(f"""
            CREATE TABLE weighed AS
            WITH marked AS (
                SELECT _row, {keys}, {ORDER}, {_is(feed, feed.delete)} AS {GONE},
                    {_is(feed, feed.images(batch.edge.contract.columns))} AS _is_image,
                    row_number() OVER (PARTITION BY {keys}, {ORDER}, _is_image ORDER BY {arrival}) AS _nth
                FROM good
            )
            SELECT _row, {keys}, {ORDER}, {GONE}, coalesce(_held, false) AS _held, CASE
                WHEN _is_image THEN 'before-images' WHEN _nth > 1 OR {ORDER} = _known THEN 'replayed'
                WHEN {ORDER} < _known THEN 'superseded' ELSE 'applied'
            END AS {FATE}
            FROM marked LEFT JOIN known USING ({keys})
        """)
        batch.run(f"""
            CREATE TABLE standing AS SELECT * FROM weighed WHERE {FATE} = 'applied'
            QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {ORDER} DESC) = 1
        """)

    def _remember_deleted(self, batch: Batch, number: int, note: Mapping[str, Any]) -> None:
        """The tombstones come first: a run that is killed after them finds their commit and begins where it began."""
        edge, keys = batch.edge, listed(batch.edge.node.table.keys)
        path = edge.paths.table("silver", deleted_of(edge.node.name))
        if edge.earlier_commit(path, number) is not None:
            return
        edge.context.leases.check()
        said = f"{keys}, {ORDER}, {NOW} AS _deleted_at, '{edge.context.run}' AS _run"
        rows = batch.arrow(f"SELECT {said} FROM standing WHERE {GONE}")
        append_once(path, rows, app=edge.app, number=number, note=edge.with_run(note))


def _is(feed: ChangeFeed, operations: Iterable[str]) -> str:
    """Whether a row's operation is one of these."""
    texts = ", ".join(map(text_literal, operations))
    return f"CAST({quoted(feed.operation)} AS VARCHAR) IN ({texts})" if texts else "false"
