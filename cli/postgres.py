"""`headrace postgres`: a PostgreSQL server on this machine, for what people and dashboards ask by SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.examples import examples

if TYPE_CHECKING:
    from rehearsal.postgres import Postgres


EXAMPLES = examples(
    "headrace postgres up",
    "headrace postgres status",
    "headrace postgres down",
    "headrace postgres up --port 15432",
)


def postgres(
    what: Annotated[Literal["up", "down", "status"], typer.Argument(help="What to do with it.")],
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65535, help="Where it listens (default: as it did last, else 5433)."),
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where its tables lie (default: postgres/ beside the lake).")
    ] = None,
) -> None:
    """Its programs are those of the machine's own package, else of a wheel that make setup brings."""
    from cli.screen import out

    server = server_of(home, port)
    if what == "up":
        with out.status("starting PostgreSQL"):
            server.up()
        out.print("PostgreSQL answers; fill it with headrace serve, and ask it with:")
        out.print(f"  psql '{server.url}'", soft_wrap=True)
    elif what == "down":
        with out.status("stopping PostgreSQL"):
            was_up = server.down()
        out.print("PostgreSQL is down" if was_up else "No PostgreSQL was running")
    else:
        up = server.is_up()
        out.print(f"{server.url} is up" if up else f"No PostgreSQL of {server.home} is up", soft_wrap=True)
        raise typer.Exit(0 if up else 1)


def server_of(home: Path | None = None, port: int | None = None) -> "Postgres":
    """By default the one beside the lake, where it listened last."""
    from headrace.settings import get_settings
    from rehearsal.postgres import PORT, Postgres, port_of

    there = (home or get_settings().home / "postgres").absolute()
    return Postgres(there, port or port_of(there) or PORT)


@contextmanager
def standing() -> "Iterator[Postgres]":
    """One that is up for as long as this lasts, and afterwards if it was before."""
    server = server_of()
    was_up = server.is_up()
    try:
        server.up()
        yield server
    finally:
        if not was_up:
            server.down()
