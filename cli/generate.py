"""`headrace generate`: make up a domain's source data, faults and all."""

import sys
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, Tables, instant, one_of, span

if TYPE_CHECKING:
    from simulation.generate.estimate import Estimate
    from simulation.generate.plan import Plan

EXAMPLES = examples(
    "headrace generate {domain} --profile demo",
    "headrace generate {domain} --scale 0.01 --from 2024-01-01 --to 2024-02-10 --stride '15 minutes'",
    "headrace generate {domain} --scale 0.01 --days 40 --into bronze --yes",
)
ASK_ABOVE_ROWS, ASK_ABOVE_BYTES = 50_000_000, 5e9

Instant = Annotated[datetime | None, typer.Option(metavar="D", parser=instant)]


def generate(
    domain: Domain = None,
    profile: Annotated[str, typer.Option(help="The domain's named plan to start from.")] = "demo",
    scale: Annotated[float | None, typer.Option(help="1 is the source's stated size.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same rows.")] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", metavar="D", parser=instant, help="The first day.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", metavar="D", parser=instant, help="The day after the last.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Instead of --to.")] = None,
    stride: Annotated[
        timedelta | None,
        typer.Option(
            metavar="T", parser=span, help="Thins senders that keep their own pace, as '15 minutes'."
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(
            callback=one_of("landing", "bronze"),
            help="landing: files as a source leaves them; bronze: faster.",
        ),
    ] = None,
    tables: Tables = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however large it is.")] = False,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would come to, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import listed, one_domain
    from cli.run_record import learned
    from cli.screen import print_json
    from cli.work import flow, job
    from headrace.errors import UsageError
    from headrace.lake.lease import refuse_held
    from headrace.lake.paths import Paths
    from headrace.settings import get_settings
    from simulation.generate.estimate import check_room
    from simulation.generate.plan import load_profile

    name = one_domain(domain)
    plan = load_profile(name, profile)
    if days is not None and end is not None:
        raise UsageError("give --to or --days, not both")
    begin = start or plan.start
    until = end or begin + (timedelta(days=days) if days else plan.end - plan.start)
    plan = plan.but(
        scale=scale, seed=seed, start=begin, end=until, stride=stride, into=into, tables=listed(tables)
    )
    said = _estimated(name, plan, only_estimate)
    if only_estimate and as_json:
        print_json(vars(said) | {"seconds": round(said.seconds * learned("generate", name), 1)})
        return
    _tell(name, plan, said, said.seconds * learned("generate", name))
    if only_estimate:
        return
    check_room(plan, said, get_settings())
    for table in said.rows:
        refuse_held(Paths.of(name, get_settings()).lease(plan.into, table))
    if not yes and not as_json and _is_large(said) and sys.stdin.isatty():
        typer.confirm("Go on?", abort=True, err=True)
    # Where nothing is missing, no orchestrator need start to find that out.
    run = partial(flow, estimated=said.seconds) if said.chunks else job
    done = run(
        "generate",
        name,
        profile=profile,
        **{key: getattr(plan, key) for key in ("scale", "seed", "start", "end", "into")},
        stride=f"{plan.stride.total_seconds():g} seconds" if plan.stride else None,
        tables=list(plan.tables) if plan.tables else None,
    )
    if as_json:
        print_json(done)
    else:
        _show(done)


def _estimated(name: str, plan: "Plan", only_estimate: bool) -> "Estimate":
    """Of what is missing. What is only estimated writes nothing, so rows of another world are no obstacle to it."""
    from cli.screen import err
    from headrace.errors import UsageError
    from headrace.settings import get_settings
    from simulation.generate.estimate import estimate

    try:
        return estimate(name, plan, get_settings())
    except UsageError as refusal:
        if not only_estimate:
            raise
        said = estimate(name, plan)
        err.print(f"It could not be generated here: {refusal}", style="yellow", markup=False)
        return said


def _is_large(said: "Estimate") -> bool:
    return said.total > ASK_ABOVE_ROWS or said.bytes > ASK_ABOVE_BYTES


def _tell(domain: str, plan: "Plan", said: "Estimate", expected: float) -> None:
    from cli.screen import about, count, err, size

    days = (plan.end - plan.start).total_seconds() / 86_400
    thinned = f", a reading every {plan.stride}" if plan.stride else ""
    what = f"{domain} at scale {plan.scale:g}, {days:g} days from {plan.start:%Y-%m-%d}, seed {plan.seed}"
    missing = f"about {count(said.total)} rows, {size(said.bytes)}; {about(expected)}"
    err.print(
        f"{what}{thinned}, into {plan.into}\n{missing if said.chunks else 'all of it is there already'}"
    )


def _show(done: dict) -> None:
    from cli.screen import count, out, seconds, size, table

    rows = [
        (each["table"], count(each["rows"]), size(each["bytes"]), each["chunks"], seconds(each["seconds"]))
        for each in done["tables"]
        if each["chunks"]
    ]
    if not rows:
        out.print("Nothing was missing: all of it is there already.")
        return
    out.print(table(["table", ">rows", ">bytes", ">chunks", ">took"], rows))
    out.print("Next: [bold]headrace refine[/bold]")
