"""`python -m rehearsal.readers`: what a real Trino reads of the published tables, held against DuckDB's reading.

A small lake is made, put into an S3 on this machine and published in its Glue, as for Athena, which is a Trino too.
Every table is compared by its rows and every named query by its answer; then a table is changed, and not published
again.
"""

import argparse
import math
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from deltalake import DeltaTable
from rich.console import Console
from rich.table import Table

from headrace.contracts.load import domain_folder
from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.progress import Stopwatch
from headrace.refine.run import refine
from headrace.serve.publish import Published, athena_queries, publish_in_glue
from headrace.serve.query import run_query
from headrace.settings import Settings
from rehearsal.aws.server_process import REGION, aws
from rehearsal.trino import Trino, resolved_trino, trino
from simulation.generate.plan import Plan
from simulation.generate.run import generate

HOME = Path(".headrace/readers").absolute()
BUCKET = "readers-lake"
START, DAYS, SCALE = datetime(2024, 1, 1), 7, 0.003
DIGITS = 9  # sums come in another order where work is spread otherwise


@dataclass(frozen=True)
class Compared:
    name: str
    rows: int
    difference: str


def read_by_trino(domain: str, home: Path, screen: Console) -> list[Compared]:
    """Every table and named query of a domain, as Trino and as DuckDB read them."""
    shutil.rmtree(home, ignore_errors=True)
    screen.print("Trino's program: 820 MB are taken from Maven the first time")
    resolved_trino()
    here = Settings(home=home, cores=2, shuffle_partitions=2)
    screen.print(f"{DAYS} days of {domain}, refined")
    plan = Plan(scale=SCALE, seed=7, start=START, end=START + timedelta(days=DAYS), stride=timedelta(hours=2))
    generate(domain, plan, here)
    refine(domain, settings=here)
    with aws(home / "aws.log") as cloud:
        os.environ.update(cloud.environment)
        objects._s3.cache_clear()
        there = Settings(home=home, lake_url=f"s3://{BUCKET}")
        published = _published(domain, here, there)
        screen.print(f"{len(published)} tables published; Trino starts")
        environment = {**os.environ, **cloud.environment}
        with trino(home / "trino", cloud.url, environment, REGION) as server:
            compared = [_table(server, each, domain, here) for each in published]
            compared += [_query(server, name, text, here) for name, text in athena_queries().items()]
            return [*compared, _changed(server, published[-1], domain, there)]


def _published(domain: str, here: Settings, there: Settings) -> list[Published]:
    s3, glue = boto3.client("s3"), boto3.client("glue")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    lake = Path(here.lake)
    for file in sorted(lake.rglob("*")):
        if file.is_file():
            s3.upload_file(str(file), BUCKET, file.relative_to(lake).as_posix())
    for layer in ("silver", "gold"):
        glue.create_database(DatabaseInput={"Name": f"{domain}_{layer}"})
    return [each for each in publish_in_glue(domain, there) if each.outcome == "created"]


def _place(each: Published, domain: str, settings: Settings) -> str:
    layer = each.database.rpartition("_")[2]
    return Paths.of(domain, settings).table(layer, each.table)


def _table(server: Trino, each: Published, domain: str, here: Settings) -> Compared:
    rows = DeltaTable(_place(each, domain, here)).to_pyarrow_table()
    listed = ", ".join(f'"{name}"' for name in rows.column_names)
    theirs = server.rows(f"SELECT {listed} FROM {each.database}.{each.table}")
    columns = ([_as_trino(value) for value in rows[name].to_pylist()] for name in rows.column_names)
    ours = list(zip(*columns, strict=True))
    return _compared(f"{each.database}.{each.table}", sorted(_texts(ours)), sorted(_texts(theirs)))


def _query(server: Trino, name: str, text: str, here: Settings) -> Compared:
    """In values and order."""
    theirs = server.rows(text)
    return _compared(name, list(_texts(run_query(name, settings=here).rows)), list(_texts(theirs)))


def _changed(server: Trino, each: Published, domain: str, there: Settings) -> Compared:
    DeltaTable(_place(each, domain, there).replace("s3a://", "s3://")).delete()
    ((left,),) = server.rows(f"SELECT count(*) FROM {each.database}.{each.table}")
    said = "" if left == 0 else f"{left} rows, though all were deleted"
    return Compared(f"{each.database}.{each.table}, emptied", 0, said)


def _compared(name: str, ours: list[str], theirs: list[str]) -> Compared:
    if len(ours) != len(theirs):
        return Compared(name, len(ours), f"{len(theirs):,} rows by Trino")
    other = next(((a, b) for a, b in zip(ours, theirs, strict=True) if a != b), None)
    return Compared(name, len(ours), "" if other is None else f"{other[0]} is {other[1]} by Trino")


def _texts(rows: list[tuple[Any, ...]]) -> Iterator[str]:
    return (str([_plain(value) for value in row]) for row in rows)


def _as_trino(value: Any) -> Any:
    """Arrow's rows within rows are dicts, and its maps are lists of pairs; Trino's are lists, and dicts."""
    if isinstance(value, dict):
        return [_as_trino(each) for each in value.values()]
    if isinstance(value, list):
        pairs = [each for each in value if isinstance(each, tuple)]
        return dict(pairs) if pairs else [_as_trino(each) for each in value]
    return value


def _plain(value: Any) -> Any:
    """A value as Trino's JSON spells it, sums without their last digits."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.removesuffix(" UTC")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return f"{value:.{DIGITS}g}" if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in sorted(value.items())}
    return [_plain(each) for each in value]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.readers", description=__doc__)
    parser.add_argument("--domain", default="refinery", help="which one (default: refinery)")
    parser.add_argument("--home", type=Path, default=HOME, help="the folder for all of it")
    chosen, screen, watch = parser.parse_args(), Console(highlight=False), Stopwatch()
    try:
        done = read_by_trino(domain_folder(chosen.domain).name, chosen.home.absolute(), screen)
    except HeadraceError as error:
        screen.print(f"error: {error}", markup=False, soft_wrap=True)
        return error.exit_code
    table = Table("read by Trino", "rows", "", box=None, pad_edge=False)
    for each in done:
        table.add_row(each.name, f"{each.rows:,}", each.difference[:200] or "equal")
    screen.print(table)
    equal = sum(not each.difference for each in done)
    screen.print(f"[bold]{equal} of {len(done)} equal[/], in {watch.seconds:.0f} s")
    return 0 if equal == len(done) else 1


if __name__ == "__main__":
    sys.exit(main())
