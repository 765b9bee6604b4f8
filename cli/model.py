"""`headrace model`: train and judge a domain's models of failures."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples(
    "headrace model train {domain}",
    "headrace model judge {domain}",
    "headrace model judge {domain} --into docs/model.md",
)


def model(
    what: Annotated[
        Literal["train", "judge"],
        typer.Argument(
            help="train: a challenger, kept where it wins; judge: the model in force, beside baselines."
        ),
    ],
    domain: Domain = None,
    name: Annotated[
        str | None, typer.Option("--model", help="Which model; may be left out where the domain has one.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="With judge: a file in which the page of figures is written."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain
    from cli.screen import out, print_json
    from cli.work import job
    from headrace.operate.model_page import page

    if into is not None and what != "judge":
        raise typer.BadParameter("only judge writes a page; leave --into out")
    done = job(what, one_domain(domain), model=name)
    if into is not None:
        into.write_text(page(done))
        out.print(f"Written: {into}")
    if as_json:
        print_json(done)
    elif what == "train":
        _show_training(done)
    elif into is None:
        _show_figures(done["model_id"], done["later"])


def _show_training(done: dict[str, Any]) -> None:
    from cli.screen import out

    _show_figures(done["model_id"], done["judged"])
    if done["promoted"]:
        beaten = f"it beats {done['champion']}" if done["difference"] else "it is the first"
        if done["champion"] and not done["difference"]:
            beaten = f"{done['champion']} learned from features that are no more, and cannot be asked"
        out.print(f"[green]It takes over:[/] {beaten}. Next: headrace refine {done['domain']}")
    elif done["champion"] == done["model_id"]:
        out.print("The model in force is the same; nothing is landed.")
    else:
        off = done["difference"]
        out.print(
            f"The champion {done['champion']} stays: the Brier score differs by {off['value']:+.5f} "
            f"({off['low']:+.5f} to {off['high']:+.5f}), which is no better"
        )


def _show_figures(model_id: str, judged: dict[str, Any]) -> None:
    from cli.screen import out, table
    from headrace.operate.model_page import WHO

    alarms, rows = judged["alarms"], []
    for who, figures in {**judged["figures"], "limits": None}.items():
        raised = alarms.get(who)
        found = [_short(raised[part], digits) for part, digits in PARTS] if raised else ["", "", ""]
        errors = [_short(figures[part], digits) for part, digits in ERRORS] if figures else ["", ""]
        rows.append((WHO[who], *found, *errors))
    out.print(table(["who", ">precision", ">recall", ">lead h", ">error h near", ">intervals hold"], rows))
    out.print(
        f"{model_id}, asked about {judged['machines']} machines that it never saw, {judged['failures']} failures in "
        f"{judged['days']:.0f} days; {judged['budget']:g} alarms a machine and day"
    )


PARTS = (("precision", 2), ("recall", 2), ("lead", 0))
ERRORS = (("median_error_near", 0), ("coverage", 3))


def _short(figure: dict[str, float], digits: int) -> str:
    if figure["value"] != figure["value"]:
        return ""
    return f"{figure['value']:.{digits}f} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"
