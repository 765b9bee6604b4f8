"""`headrace kafka`: a Kafka broker on this machine, for trying things out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.examples import examples

EXAMPLES = examples(
    "headrace kafka up", "headrace kafka status", "headrace kafka down", "headrace kafka up --port 19092"
)


def kafka(
    what: Annotated[Literal["up", "down", "status"], typer.Argument(help="What to do with it.")],
    port: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=65534,
            help="Where it listens, its controller on the next (default: as it did last, else 9092).",
        ),
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where its messages lie (default: kafka/ beside the lake).")
    ] = None,
) -> None:
    from cli.screen import out
    from headrace.settings import get_settings
    from rehearsal.kafka import PORT, Broker, port_of

    there = (home or get_settings().home / "kafka").absolute()
    broker = Broker(there, port or port_of(there) or PORT)
    if what == "up":
        with out.status("starting a broker"):
            broker.up()
        out.print(f"A broker answers at {broker.address}; its messages lie in {broker.home}")
    elif what == "down":
        with out.status("stopping the broker"):
            was_up = broker.down()
        out.print("The broker is down" if was_up else "No broker was running")
    else:
        up = broker.is_up()
        out.print(f"{broker.address} is up" if up else f"No broker of {broker.home} is up")
        raise typer.Exit(0 if up else 1)
