"""The arguments that several commands share, and how they are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer

from cli.examples import domains

SPELLED = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def one_domain(given: str | None) -> str:
    """Without a name, the only domain there is, or the only one of which this home holds data."""
    from headrace.contracts.load import domain_folder
    from headrace.errors import UsageError

    if given is not None:
        domain_folder(given)
        return given
    known = domains()
    meant = known if len(known) == 1 else _with_data(known)
    if len(meant) != 1:
        held = f"; with data here: {', '.join(meant)}" if meant else ""
        raise UsageError(f"name a domain; known: {', '.join(known) or 'none'}{held}")
    return meant[0]


def _with_data(known: list[str]) -> list[str]:
    from headrace.lake.objects import names_in
    from headrace.settings import get_settings

    settings = get_settings()
    held = {name for place in (settings.landing, settings.lake) for name in names_in(place)}
    return [name for name in known if name in held]


def instant(text: str | datetime) -> datetime:
    """2024-03-01, 2024-03-01T06:00 or 2024-03-01 06:00:00, always UTC."""
    if isinstance(text, datetime):
        return text
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date; write it like 2024-03-01 or 2024-03-01T06:00"
        ) from None
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read


def span(text: str | timedelta) -> timedelta:
    """15 minutes, 1 day."""
    from headrace.contracts.model import parse_span

    try:
        return _some(text, parse_span(text))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from None


def short_span(text: str | timedelta) -> timedelta:
    """30s, 5m, 2h, 3d, or spelled out: 5 minutes."""
    if isinstance(text, str) and text[:-1].replace(".", "", 1).isdigit() and text[-1] in SPELLED:
        return span(f"{text[:-1]} {SPELLED[text[-1]]}")
    return span(text)


def _some(text: str | timedelta, read: timedelta) -> timedelta:
    if read <= timedelta(0):
        raise ValueError(f"{text} is no time at all; it must be longer than 0 seconds")
    return read


def listed(given: str | list[str] | None) -> tuple[str, ...] | None:
    """'bronze,silver', or an option given several times, as a tuple."""
    text = ",".join(given) if isinstance(given, list) else given
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def tables_named(domain: str, given: str | list[str] | None) -> list[str] | None:
    """The tables asked for, or None for all; a name that no layer has is told before anything starts."""
    from headrace.operate.size import check_tables

    asked = listed(given)
    if not asked:
        return None
    check_tables(domain, asked)
    return list(asked)


Given = TypeVar("Given", str | None, list[str] | None)


def one_of(*allowed: str) -> Callable[[Given], Given]:
    """Checks each of a comma-separated list, or of several."""

    def check(given: Given) -> Given:
        for part in listed(given) or ():
            if part not in allowed:
                raise typer.BadParameter(f"{part!r} is not among {', '.join(allowed)}")
        return given

    return check


def _complete(incomplete: str) -> list[str]:
    return [name for name in domains() if name.startswith(incomplete)]


Domain = Annotated[
    str | None,
    typer.Argument(
        metavar="[DOMAIN]",
        help="The sector; may be left out where there is one only.",
        autocompletion=_complete,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")]
Tables = Annotated[
    list[str] | None, typer.Option("--table", metavar="T[,T]", help="Only these tables; may be repeated.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", metavar="T", parser=instant, help="The instant the run pretends it is."),
]
LAYERS = ("bronze", "silver", "gold")
Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layers",
        metavar="L[,L]",
        help="Some of bronze, silver, gold; may be repeated. By default all.",
        callback=one_of(*LAYERS),
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="S",
        help="Tables by name or layer, as in dbt: +x with all it is made from, x+ with all that is made from it, 2+x "
        "two steps, 'gold,+x' what both name, 'a b' what either names, tank_* by pattern.",
    ),
]


def layers_of(given: list[str] | None) -> list[str]:
    """In their own order, all where none is named."""
    chosen = listed(given) or LAYERS
    return [layer for layer in LAYERS if layer in chosen]
