"""`headrace demo`: the main job from nothing to answers, with all of it on the screen."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson

if TYPE_CHECKING:
    from headrace.settings import Settings
    from simulation.generate.plan import Plan

EXAMPLES = examples("headrace demo {domain}", "headrace demo {domain} --profile fast", "headrace demo --json")
ANSWERS, ROWS_OF_AN_ANSWER = 3, 5
SECONDS_TO_START, ROWS_REFINED_PER_SECOND = 45.0, 15_000
"""Of a first run, scans and all; later ones are told by the last."""


def demo(
    domain: Annotated[str | None, typer.Argument(metavar="[DOMAIN]", help="The sector.")] = None,
    profile: Annotated[str, typer.Option(help="One of the domain's named plans.")] = "demo",
    database: Annotated[
        bool,
        typer.Option(
            help="Serve it to a PostgreSQL of this machine, too, where the domain says what to serve."
        ),
    ] = True,
    as_json: AsJson = False,
) -> None:
    from cli.clock import StageClock, seconds_since_start
    from cli.nothing_new import demonstrated
    from cli.options import one_domain
    from cli.run_record import learned
    from cli.screen import out, print_json, seconds
    from cli.summary import show, summarize
    from cli.work import flow
    from headrace.progress import listening
    from headrace.refine.run import check_free
    from headrace.settings import get_settings
    from simulation.generate.plan import load_profile

    name, clock = one_domain(domain), StageClock()
    plan = load_profile(name, profile)
    check_free(name, get_settings())
    expected = seconds_to_make(name, plan, get_settings())
    _announce(name, plan, expected * learned("demo", name))
    with listening(clock):
        done = flow("demo", name, profile=profile, unless=demonstrated, estimated=expected)
    summary = summarize(name, get_settings(), done, clock.seconds)
    if as_json:
        print_json(summary)
        return
    show(summary)
    _answers(name)
    if database:
        _serve(name)
    _what_next(name, (plan.end - plan.start).days)
    out.print(f"[bold]{seconds(seconds_since_start())}[/] in all, set-up aside")


def seconds_to_make(domain: str, plan: "Plan", settings: "Settings") -> float:
    """About how long it takes to generate what is not there yet and to refine it; 0 where all of it is there."""
    from simulation.generate.estimate import estimate

    missing = estimate(domain, plan, settings)
    if not missing.chunks:
        return 0.0
    return missing.seconds + SECONDS_TO_START + missing.total / ROWS_REFINED_PER_SECOND


def _announce(domain: str, plan: "Plan", expected: float) -> None:
    from cli.screen import about, err

    days = (plan.end - plan.start).days
    err.print(
        f"[bold]{domain}[/]: {days} days from {plan.start:%Y-%m-%d} at scale {plan.scale:g}, generated, "
        "refined through bronze, silver and gold, and scanned between the layers"
        + (f": {about(expected)}" if expected else "")
    )


def _answers(domain: str) -> None:
    """The first few of the domain's questions, each with the beginning of its answer."""
    from cli.query import answering, first_sentence
    from cli.query_output import Format, show
    from cli.screen import out
    from headrace.serve.named_queries import in_order

    for name, question in list(in_order(domain).items())[:ANSWERS]:
        out.print(f"[bold]{first_sentence(question)}[/]  [dim]{name}[/]")
        with answering(name) as answer:
            show(answer, Format.table, ROWS_OF_AN_ANSWER)


def _serve(domain: str) -> None:
    """By a server that is started for it, and stopped again."""
    from cli.postgres import standing
    from cli.screen import count, out
    from cli.watch import watching
    from headrace.contracts.load import domain_folder
    from headrace.errors import HeadraceError
    from headrace.serve.database import serve
    from headrace.serve.served_tables import FILE
    from headrace.settings import get_settings

    if not (domain_folder(domain) / FILE).exists():
        return
    try:
        with watching(), standing() as server:
            done = serve(domain, get_settings(), server.url)
    except HeadraceError as error:
        out.print(f"No database holds it: {error}", soft_wrap=True)
        return

    rows = sum(each.inserted + each.updated for each in done)
    out.print(
        f"[bold]{len(done)} tables[/] of a PostgreSQL database hold it too, {count(rows)} rows new. To ask it:"
    )
    out.print(f"  [cyan]headrace postgres up && psql '{server.url}'[/]", soft_wrap=True)


def _what_next(domain: str, days: int) -> None:
    from cli.screen import out
    from headrace.serve.named_queries import in_order

    query = next(iter(in_order(domain)), domain)
    out.print("What to try next")
    for command, what in (
        ("headrace query", "all questions that have a name"),
        (f"headrace query {query} --format csv", "the whole of an answer"),
        (
            f"headrace generate {domain} --days {days + 1} && headrace refine {domain}",
            "one more day: only that is worked on",
        ),
        (f"headrace receipt {domain}", "what came in = what became of it"),
        (f"headrace size {domain}", "rows and bytes, beside what the source says"),
    ):
        out.print(f"  [dim]# {what}[/]\n  [cyan]{command}[/]", soft_wrap=True)
