"""`headrace package`: the code as a cluster gets it, uploaded once a version."""

from typing import Annotated

import typer

from cli.examples import examples

EXAMPLES = examples("headrace package", "headrace package --quiet", "headrace package --bundle dev")


def package(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but the bucket's name.")] = False,
    bundle: Annotated[
        str | None,
        typer.Option("--bundle", metavar="TARGET", help="Tell the bundle in infra/databricks of it, too."),
    ] = None,
) -> None:
    """prefect deploy does this by itself.

    What belongs together is written into package.json, which goes with the flows.
    """
    from cli.screen import err, out
    from headrace.engines.package import bucket_of, packed, refuse_other_engines, stamp, told_to_bundle
    from headrace.progress import listening
    from headrace.settings import get_settings

    settings = get_settings()
    if bundle is not None:
        refuse_other_engines(settings)
    bucket = bucket_of(settings)
    with listening(lambda event: None if quiet else err.print(f"{event.item} {event.state}")):
        made = packed(settings)
    stamp(made)
    if bundle is not None:
        told_to_bundle(bundle, made, settings)
    if quiet:
        typer.echo(bucket)
    else:
        out.print(f"code {made.code}\npackages {made.needs}\n{len(made.jars)} jars")
