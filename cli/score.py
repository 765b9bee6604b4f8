"""`headrace score`: how many of the planted faults were found."""

from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples(
    "headrace score {domain}",
    "headrace score {domain} --json",
    "headrace score {domain} --replay",
    "headrace score {domain} --replay --seed 7",
)


def score(
    domain: Domain = None,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Score the alarms instead: some worlds of their own are replayed in memory, years of them in a few "
            "minutes; the lake is neither read nor written.",
        ),
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="With --replay: other worlds than the usual ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.alarm_score import show_alarm_score
    from cli.options import one_domain
    from cli.screen import print_json
    from cli.summary import show_score
    from cli.work import job

    if seed is not None and not replay:
        raise typer.BadParameter("only worlds that are replayed have a seed to choose; add --replay")
    kind, show = ("alarms", show_alarm_score) if replay else ("kinds", show_score)
    found = job("score", one_domain(domain), replay=replay or None, seed=seed)[kind]
    if as_json:
        print_json(found)
    else:
        show(found)
