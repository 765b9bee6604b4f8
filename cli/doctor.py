"""`headrace doctor`: is everything there that Headrace needs, and what to do about what is not."""

from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, one_of

EXAMPLES = examples(
    "headrace doctor",
    "headrace doctor --fix",
    "headrace doctor --json",
    "headrace doctor --cloud --in prod",
    "headrace doctor --cloud --in dev --serverless compute",
)


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended here: resolve missing jars.")
    ] = False,
    cloud: Annotated[
        bool,
        typer.Option(
            "--cloud",
            help="Instead: ask the AWS account for quotas, roles and Lake Formation. Nothing is changed.",
        ),
    ] = False,
    place: Annotated[
        str, typer.Option("--in", metavar="ENV", help="With --cloud: dev or prod, as in infra/envs.")
    ] = "dev",
    nodes: Annotated[
        int | None, typer.Option(min=1, help="With --cloud: other than the environment's most nodes.")
    ] = None,
    serverless: Annotated[
        list[str] | None,
        typer.Option(
            "--serverless",
            metavar="P[,P]",
            help="With --cloud: some of compute, stream: what infra/envs says to be serverless (compute_kind, "
            "stream_kind).",
            callback=one_of("compute", "stream"),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from headrace.settings import get_settings

    settings = get_settings()
    if cloud:
        from cli.cloud_checks import examine_cloud
        from cli.options import listed
        from headrace.cost.rates import environment

        there = environment(place).serverless(listed(serverless) or ()).with_most(nodes)
        findings = examine_cloud(settings, there)
    else:
        from cli.health_checks import examine, mend

        if fix:
            mend(settings)
        findings = examine(settings)
    if as_json:
        from cli.screen import print_json

        print_json(findings)
    else:
        _show(findings)
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


def _show(findings: list) -> None:
    from cli.screen import MARKS, out, table

    rows = [(MARKS[each.state], each.what, each.found, each.remedy) for each in findings]
    out.print(table(["", "what", "found", "what to do"], rows))
