"""`headrace attach`: the lake in a notebook, DuckDB or Polars."""

from pathlib import Path
from typing import Annotated

import typer

from cli.examples import examples
from cli.options import Domain

EXAMPLES = examples("headrace attach {domain}", "headrace attach {domain} --into lake.duckdb")


def attach(
    domain: Domain = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a database of DuckDB with a view of each table as it is now."
        ),
    ] = None,
) -> None:
    """Say the lines that read the tables elsewhere; with --into, write a database that any DuckDB opens."""
    from cli.options import one_domain
    from cli.screen import err, out
    from headrace.settings import get_settings

    name, settings = one_domain(domain), get_settings()
    if into is None:
        out.print(lines(name, str(settings.home.absolute()), settings.lake), soft_wrap=True, markup=False)
        return
    from headrace.errors import UsageError
    from headrace.serve.query import attached

    if not into.absolute().parent.is_dir():
        raise UsageError(f"no folder {into.absolute().parent} to write {into.name} into")
    into.unlink(missing_ok=True)
    with attached(name, file=str(into)) as connection:
        (count,) = connection.execute("select count(*) from duckdb_views() where not internal").fetchone()
    err.print(f"written: {into}, {count} views; in DuckDB: attach '{into}' as lake (read_only)")


def lines(domain: str, home: str, lake: str) -> str:
    """What to paste, for a table of gold that is there in the end."""
    table = first_gold(domain)
    return f"""\
# a notebook: a connection of DuckDB, each table as it passed its checks last
from headrace.serve.query import attached; lake = attached("{domain}", home="{home}")
lake.sql("select * from gold.{table}").df()   # pandas; .pl() for Polars, .to_arrow_table() for Arrow

# Polars, the newest version of one table
import polars; polars.scan_delta("{Path(lake).absolute()}/{domain}/gold/{table}").collect()

# DuckDB anywhere, the tables as they are now (in a shell, then in DuckDB)
headrace attach {domain} --into lake.duckdb
attach 'lake.duckdb' as lake (read_only); select * from lake.gold.{table};"""


def first_gold(domain: str) -> str:
    """A table to begin with."""
    from headrace.contracts.load import domain_folder

    return min(
        file.stem for file in (domain_folder(domain) / "gold").glob("*.py") if not file.stem.startswith("_")
    )
