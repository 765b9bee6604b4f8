"""The command `headrace`. A command's module is imported when it is run, so that --help answers at once."""

import gc
import sys
from importlib import import_module
from inspect import getdoc
from types import ModuleType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.error_output import guarded
from cli.outputs import outlive_readers

# By panel, each command's first line of help; its function's docstring says what else there is to say.
COMMANDS = {
    "Run": {
        "demo": "Generate a domain's data, refine it to gold with scans between, and show what came of it.",
        "generate": (
            "Make up source data by seed, scale and span, with planted faults. Goes on where a stopped run ended."
        ),
        "refine": "Bring tables up to date, a scan between the layers. Only what is new is worked on.",
        "recycle": (
            "Send rejected rows through again, after their cause is mended: a parent has come, a rule changed."
        ),
        "dedupe": (
            "Take second copies of a key out of silver, keep the first, and make the days of gold again that had any."
        ),
    },
    "Live": {
        "demo-live": (
            "Start a broker, send live messages for a minute, take them as far as alarms, and show what came of it."
        ),
        "produce": "Send what the sensors go on to say, from where their history stopped, planted faults among it.",
        "stream": (
            "Take a domain's topics and dropped files into bronze and silver until told to stop (Ctrl-C or SIGTERM)."
        ),
        "topics": "Show a domain's topics beside what its contracts say of them; make those that are missing.",
        "alarms": "List the alarms that stand, the gravest first; acknowledge or shelve some.",
        "kafka": "Start, stop or look for a real broker on this machine: one node, no container.",
    },
    "Check": {
        "status": "Show what is new, what a refine would run, who writes which table now, and how the last run went.",
        "scan": "Run the Soda checks of some layers. Exit code 1 where one fails; a warning passes and shows.",
        "receipt": "Prove that lines of files = rows of bronze = what became of them; exit code 1 where that fails.",
        "check-history": (
            "Hold a history or a change-fed table against a slow, obvious reading of its source; exit code 1 where a "
            "key differs."
        ),
        "rejected": "Show the files and rows that were set aside, by table and reason, with samples.",
        "score": "Compare what was found with what the generator planted. The only reader of the truth.",
        "doctor": "Check Java, jars, ports, disk, memory, credentials and versions, and say what to do about each.",
    },
    "Models": {
        "model": (
            "Train a model of failures, judge it on machines that it never saw, keep it where it beats the one before."
        ),
    },
    "Ask": {
        "query": "Ask a named query or any read-only SQL, now or as of a version or an instant.",
        "restatements": "List what a later run changed in rows of a gold table that were there, by how much, and why.",
        "serve": "Fill a PostgreSQL or SQL Server database with what has changed in gold, in one transaction.",
        "postgres": "Start, stop or look for a real PostgreSQL server on this machine, for headrace serve.",
        "attach": "Read the tables in a notebook, DuckDB or Polars.",
        "ls": "List the tables and what each is made from.",
        "size": "Show rows and bytes of every table and layer, beside the volumes that the source states.",
    },
    "Cloud": {
        "configure": "Write the settings of an environment into .env; lines that are not its own stay.",
        "package": "Pack the code, the packages of the lock file and Spark's jars, and upload what is not there yet.",
        "publish": (
            "Register tables in Glue, with types and comments, so that Athena reads them as the Delta tables they are."
        ),
        "cost": "Say what a run costs by service, and per million source rows; no account is asked.",
    },
    "Look after": {
        "runs": "List the last runs: when, what, how long, and how they ended.",
        "logs": "Print the log of a run.",
        "maintain": "Sort rows by sender and time, join small files, remove files no reader needs. Rows never change.",
        "docs": (
            "Write anew what is made from the code: tables, versions, .env.example, deployments, queries, the bundle."
        ),
    },
}
LOOK: dict[str, Any] = {"rich_markup_mode": "rich", "pretty_exceptions_enable": False}


class Commands(TyperGroup):
    """Lists the commands without importing them; the one that is run takes the place of its line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for panel, lines in COMMANDS.items():
            for name, line in lines.items():
                self.add_command(TyperCommand(name, help=line, rich_help_panel=panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in self.commands:
            self.add_command(command(args[0], self.commands[args[0]].help or ""))
        return super().resolve_command(ctx, args)


class OneValueEach(TyperCommand):
    """Refuses an option that holds one value and is given several: the last would win, and nobody be told."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        for option in self.params:
            holds_one = not (option.multiple or getattr(option, "is_flag", False))
            if option.param_type_name == "option" and holds_one and given.count(option) > 1:
                raise typer.BadParameter(
                    f"given {given.count(option)} times, and it holds one value", ctx=ctx, param=option
                )
        return super().parse_args(ctx, args)


def command(name: str, line: str) -> TyperCommand:
    function_name = name.replace("-", "_")
    module = import_module(f"cli.{function_name}")
    function = getattr(module, function_name)
    alone = typer.Typer(add_completion=False, **LOOK)
    alone.command(name, cls=OneValueEach, help=f"{line}\n\n{getdoc(function) or ''}", epilog=module.EXAMPLES)(
        function
    )
    return get_command(alone)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"headrace {version('headrace')}")
        raise typer.Exit


app = typer.Typer(name="headrace", context_settings={"help_option_names": ["-h", "--help"]}, **LOOK)


@app.callback(
    cls=Commands,
    epilog="Begin with [bold]headrace demo[/bold]; ask [bold]headrace doctor[/bold] when something is amiss.",
    no_args_is_help=True,
)
def headrace(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """A lakehouse for industrial telemetry: generate, refine, check, ask."""


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
    code = guarded(app)
    gc.freeze()  # else Python looks through all that was imported before it ends
    sys.exit(code)


if __name__ == "__main__":
    main()
