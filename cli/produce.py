"""`headrace produce`: live messages, as the sensors would send them."""

import math
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, Tables, short_span

EXAMPLES = examples(
    "headrace produce {domain} --rate 1000 --for 5m",
    "headrace produce {domain} --rate 200 --sensors 500",
    "headrace produce {domain} --rate max --for 1m",
    "headrace produce {domain} --to files --lines 10000 --every 10s",
    "headrace produce {domain} --fill 10000000",
)

LEAST_RATE = 0.1


def messages_a_second(text: str | float) -> float:
    """A number, or max, which is as many as can be sent."""
    try:
        rate = math.inf if text == "max" else float(text)
    except ValueError:
        rate = 0.0
    if not rate >= LEAST_RATE:
        raise typer.BadParameter(f"{text!r} is no rate; write a number from {LEAST_RATE} on, or max")
    return rate


def produce(
    domain: Domain = None,
    rate: Annotated[
        float,
        typer.Option(
            metavar="N|max",
            parser=messages_a_second,
            help="Messages a second of all tables together, each by its senders; max: as many as one process can send.",
        ),
    ] = "1000",  # type: ignore[assignment]
    sensors: Annotated[
        int | None,
        typer.Option(
            min=1, help="Only so many senders of each table, the first ones (default: all there are)."
        ),
    ] = None,
    lasting: Annotated[
        timedelta | None,
        typer.Option("--for", metavar="SPAN", parser=short_span, help="How long, like 30s, 5m or 2h."),
    ] = None,
    to: Annotated[
        Literal["topic", "files"], typer.Option(help="Messages of a topic, or files that are dropped.")
    ] = "topic",
    lines: Annotated[int, typer.Option(min=1, help="With --to files: how many lines a file holds.")] = 10_000,
    every: Annotated[
        timedelta,
        typer.Option(
            metavar="SPAN", parser=short_span, help="With --to files: how often one of each table is dropped."
        ),
    ] = timedelta(seconds=10),
    fill: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Instead: about so many at once, by Spark, for load tests."),
    ] = None,
    table: Tables = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of a topic that is not there yet and is made (default: as its contract or its brokers say).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.options import listed, one_domain
    from cli.screen import count, err, print_json
    from cli.watch import watching
    from headrace.settings import get_settings
    from streaming.produce import produce as send

    with watching():
        sent = send(
            one_domain(domain),
            get_settings(),
            to=to,
            rate=rate,
            lines=lines,
            every=every,
            seconds=lasting.total_seconds() if lasting else None,
            fill=fill,
            partitions=partitions,
            senders=sensors,
            tables=listed(table),
        )
    if as_json:
        topics = [asdict(each) | {"rate": each.rate} for each in sent.topics]
        print_json({"messages": sent.messages, "rate": sent.rate, "topics": topics})
        return
    for each in sent.topics:
        err.print(f"{count(each.messages)} messages to {each.topic}, {each.rate:,.0f} a second")
    if len(sent.topics) > 1:
        err.print(f"{count(sent.messages)} messages in all, {sent.rate:,.0f} a second")
