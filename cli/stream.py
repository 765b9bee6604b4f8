"""`headrace stream`: the standing job."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples(
    "headrace stream {domain}",
    "headrace stream {domain} --until-empty",
    "headrace stream {domain} --only files",
    "headrace stream {domain} --accept-loss",
    "HEADRACE_TRIGGER_SECONDS=5 headrace stream {domain}",
)


def stream(
    domain: Domain = None,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Stop when all that is there by now is taken.")
    ] = False,
    only: Annotated[
        Literal["topic", "files"] | None,
        typer.Option(
            help="Topics alone, or dropped files alone, which need no broker (default: as HEADRACE_LIVE_SOURCES says)."
        ),
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Go on though messages are gone that were not taken; the receipt keeps them.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain
    from cli.screen import count, err, print_json
    from cli.watch import watching
    from headrace.live.standing import StandingOptions
    from headrace.settings import get_settings
    from streaming.stand import stand

    with watching():
        options = StandingOptions(until_empty, accept_loss, ways=(only,) if only else None)
        ended = stand(one_domain(domain), get_settings(), options)
    if as_json:
        print_json(asdict(ended))
        return
    for flow in ended.flows:
        err.print(f"{flow.table}: {count(flow.rows)} rows in {flow.batches} batches")
    if not ended.flows:
        err.print("Nothing was new.")
