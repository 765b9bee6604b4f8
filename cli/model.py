"""`headrace model`: train, judge and look at a domain's models of failures."""

from typing import Annotated, Literal

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples("headrace model train {domain}", "headrace model train {domain} --json")


def model(
    what: Annotated[Literal["train"], typer.Argument(help="What to do.")],
    domain: Domain = None,
    name: Annotated[
        str | None, typer.Option("--model", help="Which model; may be left out where the domain has one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain
    from cli.screen import out, print_json
    from cli.work import job

    done = job("train", one_domain(domain), model=name)
    if as_json:
        print_json(done)
    else:
        out.print(done)
