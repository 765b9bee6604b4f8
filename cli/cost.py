"""`headrace cost`: what a run costs, before it starts and after it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, one_of

if TYPE_CHECKING:
    from headrace.cost.bill import Bill

EXAMPLES = examples(
    "headrace cost {domain} --scale 1 --hours 24",
    "headrace cost {domain} --scale 0.1 --hours 6 --readings-per-second 10000 --in prod",
    "headrace cost {domain} --scale 0.01 --hours 24 --serverless compute,stream",
    "headrace cost {domain} --scale 0 --hours 730 --serving-database",
    "headrace cost {domain} --measured",
)


def cost(
    context: typer.Context,
    domain: Domain = None,
    scale: Annotated[
        float, typer.Option(min=0.0, help="1 is the source's stated size; 0 for nothing but live.")
    ] = 1.0,
    hours: Annotated[
        float, typer.Option(help="For how long the environment stands; longer where the work takes longer.")
    ] = 24.0,
    readings_per_second: Annotated[float, typer.Option(min=0.0, help="What arrives live meanwhile.")] = 0.0,
    place: Annotated[str, typer.Option("--in", metavar="ENV", help="dev or prod, as in infra/envs.")] = "dev",
    nodes: Annotated[
        int | None,
        typer.Option(min=1, help="Other than the environment's most nodes, or workers of EMR Serverless."),
    ] = None,
    serverless: Annotated[
        list[str] | None,
        typer.Option(
            "--serverless",
            metavar="P[,P]",
            help="Some of compute, stream: what infra/envs says to be serverless (compute_kind, stream_kind); "
            "by default neither.",
            callback=one_of("compute", "stream"),
        ),
    ] = None,
    serving_database: Annotated[
        bool,
        typer.Option(
            "--serving-database", help="With the database on RDS that dashboards ask (has_serving_database)."
        ),
    ] = False,
    measured: Annotated[
        bool,
        typer.Option(
            "--measured",
            help="Instead: of what the ledger says was done in this lake, on the nodes that --in always has.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import listed, one_domain
    from cli.screen import print_json
    from headrace.cost.bill import bill_of_lake, bill_of_plan
    from headrace.cost.rates import environment
    from headrace.settings import get_settings

    name, there = one_domain(domain), environment(place)
    if serving_database:
        there = there.with_serving()
    if measured:
        _refuse_beside_measured(context)
        bill = bill_of_lake(name, there, get_settings())
    else:
        there = there.serverless(listed(serverless) or ()).with_most(nodes)
        bill = bill_of_plan(name, there, scale=scale, hours=hours, readings_per_second=readings_per_second)
    if not bill.fits:
        _warn(bill)
    if as_json:
        extra = {"dollars": bill.dollars, "per_million": bill.per_million, "by_service": bill.by_service}
        print_json({**vars(bill), "lines": bill.lines, **extra})
    else:
        _show(bill)


def _refuse_beside_measured(context: typer.Context) -> None:
    from headrace.errors import UsageError

    planned = ("scale", "hours", "readings_per_second", "nodes", "serverless")
    given = [name for name in planned if context.get_parameter_source(name).name == "COMMANDLINE"]
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"--measured is of what was done; it leaves no choice of {options}")


def _show(bill: "Bill") -> None:
    from cli.screen import count, err, out, table
    from headrace.cost.rates import prices, speeds

    rows = [(line.service, line.what, f"{line.dollars:,.2f}") for line in bill.lines]
    out.print(
        table(["service", "what", ">US$"], [*rows, ("[bold]in all[/]", "", f"[bold]{bill.dollars:,.2f}[/]")])
    )
    out.print(
        f"{count(bill.rows)} source rows in {bill.hours:g} h on {bill.nodes} nodes of {bill.environment}, the batch "
        f"work in {bill.batch_hours:,.1f} h: US$ {bill.per_million:,.4f} per million source rows"
    )
    price = prices()
    err.print(
        f"[dim]Prices of {price.dated} in {price.region}, speeds of {speeds().measured}; see docs/scale.md.[/]"
    )


def _warn(bill: "Bill") -> None:
    from cli.screen import err

    err.print(
        f"[yellow]It does not fit into {bill.asked_hours:g} h:[/] on the {bill.nodes} nodes that there are at most the "
        f"work takes {bill.hours:,.1f} h, and the bill is for those. With more --nodes (most_nodes, or most_cores "
        "where it is serverless) it is done sooner."
    )
