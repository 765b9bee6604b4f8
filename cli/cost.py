"""`headrace cost`: what a run costs, before it starts and after it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from headrace.cost.bill import Bill

EXAMPLES = examples(
    "headrace cost {domain} --scale 1 --hours 24",
    "headrace cost {domain} --scale 0.1 --hours 6 --readings-per-second 10000 --in prod",
    "headrace cost {domain} --measured",
)


def cost(
    domain: Domain = None,
    scale: Annotated[
        float, typer.Option(min=0.0, help="1 is the source's stated size; 0 for nothing but live.")
    ] = 1.0,
    hours: Annotated[float, typer.Option(help="For how long the environment stands.")] = 24.0,
    readings_per_second: Annotated[float, typer.Option(min=0.0, help="What arrives live meanwhile.")] = 0.0,
    place: Annotated[str, typer.Option("--in", metavar="ENV", help="dev or prod, as in infra/envs.")] = "dev",
    nodes: Annotated[int | None, typer.Option(min=1, help="Other than the environment's most nodes.")] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Instead: of what the ledger says was done in this lake.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a run costs by service, and per million readings; no account is asked."""
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.cost.environments import environment
    from headrace.cost.runs import bill_of_lake, bill_of_plan
    from headrace.settings import get_settings

    name, there = one_domain(domain), environment(place).with_most(nodes)
    if measured:
        bill = bill_of_lake(name, there, get_settings())
    else:
        bill = bill_of_plan(name, there, scale=scale, hours=hours, readings_per_second=readings_per_second)
    if as_json:
        extra = {"dollars": bill.dollars, "per_million": bill.per_million, "by_service": bill.by_service}
        print_json({**vars(bill), "lines": bill.lines, **extra})
    else:
        _show(bill)


def _show(bill: "Bill") -> None:
    from cli.screen import count, err, out, table
    from headrace.cost.prices import prices
    from headrace.cost.speeds import speeds

    rows = [(line.service, line.what, f"{line.dollars:,.2f}") for line in bill.lines]
    out.print(
        table(["service", "what", ">US$"], [*rows, ("[bold]in all[/]", "", f"[bold]{bill.dollars:,.2f}[/]")])
    )
    out.print(
        f"{count(bill.rows)} rows in {bill.hours:g} h on {bill.nodes} nodes of {bill.environment}, the batch work in "
        f"{bill.batch_hours:,.1f} h: US$ {bill.per_million:,.4f} per million"
    )
    if not bill.fits:
        err.print(
            "[yellow]It does not fit:[/] the work wants more nodes than there are at most. Give it more --hours or "
            "more --nodes (most_nodes in infra/envs)."
        )
    price = prices()
    err.print(
        f"[dim]Prices of {price.dated} in {price.region}, speeds of {speeds().measured}; see docs/scale.md.[/]"
    )
