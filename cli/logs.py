"""`headrace logs`: what was said during a run."""

from typing import Annotated

import typer

from cli.examples import examples

EXAMPLES = examples("headrace logs", "headrace logs 20240115T101112-4711 | tail", "headrace logs --path")


def logs(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="As headrace runs names it.")] = None,
    path: Annotated[bool, typer.Option("--path", help="Say where it lies instead.")] = False,
) -> None:
    """Its progress with the time in UTC, and what Spark's JVM and Prefect said beside it; by default of the last."""
    from cli.run_record import home, log_file
    from headrace.errors import UnknownName, UsageError

    there = {file.stem: file for file in sorted((home() / "logs").glob("[0-9]*.log"))}
    if run is not None and log_file(run).stem not in there:
        raise UnknownName("log of a run", run, there)
    if not there:
        raise UsageError(f"no log is in {home() / 'logs'} yet: a command that does work writes one")
    file = log_file(run) if run else there[max(there)]
    print(file if path else file.read_text(errors="replace"), end="\n" if path else "")
