"""`headrace doctor`: is everything there that Headrace needs, and what to do about what is not."""

from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson

EXAMPLES = examples("headrace doctor", "headrace doctor --fix", "headrace doctor --json")


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended here: resolve missing jars.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.health_checks import examine, mend
    from headrace.settings import get_settings

    settings = get_settings()
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
