"""`headrace configure`: write down what Terraform says of where things are."""

from pathlib import Path
from typing import Annotated

import typer

from cli.examples import examples

EXAMPLES = examples(
    "headrace configure --from-terraform infra/envs/dev",
    "headrace configure --from-terraform infra/envs/prod --into prod.env",
)


def configure(
    from_terraform: Annotated[
        Path, typer.Option("--from-terraform", help="The environment's folder, such as infra/envs/dev.")
    ],
    into: Annotated[Path, typer.Option(help="The file that settings are read from.")] = Path(".env"),
) -> None:
    from cli.screen import out
    from headrace.engines.environment import refuse_no_file, told_by_terraform, written_into

    refuse_no_file(into)
    settings = told_by_terraform(from_terraform)
    changed = written_into(into, settings)
    count = sum(map(bool, settings.values()))
    out.print(f"{into}: {count} settings of {from_terraform}, {changed} of them new or changed")
    out.print(
        "Next: prefect deploy --all, once `prefect work-pool ls` shows the pool, which the worker makes"
    )
