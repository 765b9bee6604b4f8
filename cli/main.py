"""The command `headrace`. Commands import what they need when they run, so that --help answers at once."""

import sys
from types import ModuleType

import typer

from cli import (
    alarms,
    configure,
    cost,
    dedupe,
    demo,
    demo_live,
    docs,
    doctor,
    generate,
    kafka,
    maintain,
    package,
    produce,
    publish,
    query,
    receipt,
    recycle,
    refine,
    rejected,
    scan,
    score,
    size,
    stream,
)
from cli.error_output import guarded
from cli.outputs import outlive_readers

app = typer.Typer(
    name="headrace",
    help="A lakehouse for industrial telemetry: generate, refine, check, ask.",
    epilog="Begin with [bold]headrace demo[/bold]; ask [bold]headrace doctor[/bold] when something is amiss.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PANELS = {
    "Run": (demo, generate, refine, recycle, dedupe),
    "Live": (demo_live, produce, stream, alarms, kafka),
    "Check": (scan, receipt, rejected, score, doctor),
    "Ask": (query, size),
    "Cloud": (configure, package, publish, cost),
    "Look after": (maintain, docs),
}

for panel, modules in PANELS.items():
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        spelled = name.replace("_", "-")
        app.command(spelled, epilog=module.EXAMPLES, rich_help_panel=panel)(getattr(module, name))


def _load_help() -> None:
    """Typer's help also imports rich's Markdown and tracebacks, which take longest and are not used here."""
    unused = {f"rich.{name.lower()}": name for name in ("Markdown", "Traceback")}
    absent = {module: name for module, name in unused.items() if module not in sys.modules}
    for module, name in absent.items():
        sys.modules[module] = ModuleType(module)
        setattr(sys.modules[module], name, None)
    import typer.rich_utils  # noqa: F401

    for module in absent:
        del sys.modules[module]


def main() -> None:
    outlive_readers()
    _load_help()
    sys.exit(guarded(app))


if __name__ == "__main__":
    main()
