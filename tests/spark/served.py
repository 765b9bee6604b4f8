"""What `headrace serve` makes of a refined domain, held against the lake."""

import math
from typing import Any

import psycopg
from psycopg import sql

from headrace.serve.database import serve
from headrace.serve.query import asked
from headrace.serve.served_tables import served_domain
from headrace.settings import Settings
from rehearsal.postgres import Postgres


def check_served(domain: str, lake: Settings, server: Postgres) -> None:
    """Every table has the rows of the lake's, by their number and the sums of their numbers; again nothing is done."""
    done = serve(domain, lake, server.url)
    assert [each.table for each in done if each.outcome == "waiting"] == []
    assert {each.outcome for each in serve(domain, lake, server.url)} == {"unchanged"}
    with psycopg.connect(server.url) as connection:
        for each in served_domain(domain, lake).tables:
            numbers = [
                column.name for column in each.shape.columns if column.type.python_type in (int, float)
            ]
            sums = sql.SQL(", ").join(
                sql.SQL("count(*)")
                if name is None
                else sql.SQL("sum({}::float8)").format(sql.Identifier(name))
                for name in (None, *numbers)
            )
            table = sql.Identifier(domain, each.name)
            theirs = connection.execute(sql.SQL("SELECT {} FROM {}").format(sums, table)).fetchone()
            ours = _of_lake(each.source.layer, each.source.table, each.where, numbers, domain, lake)
            assert theirs is not None
            assert all(map(_is_same, theirs, ours)), f"{each.name}: {theirs} is not {ours}"


def _of_lake(
    layer: str, table: str, where: str | None, numbers: list[str], domain: str, lake: Settings
) -> tuple[Any, ...]:
    sums = ", ".join(["count(*)", *(f'sum("{name}"::double)' for name in numbers)])
    with asked(
        f"SELECT {sums} FROM {layer}.{table} WHERE {where or 'true'}", domain=domain, settings=lake
    ) as answer:
        return next(iter(answer.rows()))


def _is_same(one: Any, other: Any) -> bool:
    return one == other or (None not in (one, other) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9))
