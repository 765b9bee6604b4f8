"""`headrace demo`: the main job from nothing to answers, with all of it on the screen."""

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson

if TYPE_CHECKING:
    from simulation.generate.plan import Plan

EXAMPLES = examples("headrace demo {domain}", "headrace demo {domain} --profile fast", "headrace demo --json")
ANSWERS, ROWS_OF_AN_ANSWER = 3, 5


def demo(
    domain: Annotated[str | None, typer.Argument(metavar="[DOMAIN]", help="The sector.")] = None,
    profile: Annotated[str, typer.Option(help="One of the domain's named plans.")] = "demo",
    as_json: AsJson = False,
) -> None:
    from cli.clock import StageClock
    from cli.nothing_new import demonstrated
    from cli.options import one_domain
    from cli.screen import out, print_json, seconds
    from cli.summary import show, summarize
    from cli.work import flow
    from headrace.progress import listening
    from headrace.refine.run import check_free
    from headrace.settings import get_settings
    from simulation.generate.plan import load_profile

    name, began, clock = one_domain(domain), monotonic(), StageClock()
    plan = load_profile(name, profile)
    check_free(name, get_settings())
    _announce(name, plan)
    with listening(clock):
        done = flow("demo", name, profile=profile, unless=demonstrated)
    summary = summarize(name, get_settings(), done, clock.seconds)
    if as_json:
        print_json(summary)
        return
    show(summary)
    _answers(name)
    _what_next(name)
    out.print(f"[bold]{seconds(monotonic() - began)}[/] in all, set-up aside")


def _announce(domain: str, plan: "Plan") -> None:
    from cli.screen import err

    days = (plan.end - plan.start).days
    err.print(
        f"[bold]{domain}[/]: {days} days from {plan.start:%Y-%m-%d} at scale {plan.scale:g}, generated, "
        "refined through bronze, silver and gold, and scanned between the layers"
    )


def _answers(domain: str) -> None:
    """The first few of the domain's questions, each with the beginning of its answer."""
    from cli.query import answering, first_sentence
    from cli.query_output import Format, show
    from cli.screen import out
    from headrace.serve.named_queries import list_queries

    mine = {name: question for name, question in list_queries().items() if name.startswith(f"{domain}/")}
    for name, question in list(mine.items())[:ANSWERS]:
        out.print(f"[bold]{first_sentence(question)}[/]  [dim]{name}[/]")
        with answering(name) as answer:
            show(answer, Format.table, ROWS_OF_AN_ANSWER)


def _what_next(domain: str) -> None:
    from cli.examples import queries
    from cli.screen import out

    query = next((name for name in queries() if name.startswith(domain)), domain)
    out.print("What to try next")
    for command, what in (
        ("headrace query", "all questions that have a name"),
        (f"headrace query {query} --format csv", "the whole of an answer"),
        (
            f"headrace generate {domain} --days 15 && headrace refine {domain}",
            "one more day: only that is worked on",
        ),
        (f"headrace receipt {domain}", "what came in = what became of it"),
        (f"headrace size {domain}", "rows and bytes, beside what the source says"),
    ):
        out.print(f"  [dim]# {what}[/]\n  [cyan]{command}[/]", soft_wrap=True)
