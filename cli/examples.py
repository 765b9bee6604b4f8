"""Examples in the help name a domain that is really there, found without importing the library."""

from functools import cache
from pathlib import Path

DOMAINS = Path(__file__).parents[1] / "domains"


@cache
def domains() -> list[str]:
    """Those with the most tables first, so that examples show the fullest one."""
    found = {
        contracts.parent.name: len(list(contracts.glob("*.y*ml")))
        for contracts in DOMAINS.glob("*/contracts")
    }
    return sorted(found, key=lambda name: (-found[name], name))


@cache
def queries() -> list[str]:
    return sorted(f"{file.parents[1].name}/{file.stem}" for file in DOMAINS.glob("*/queries/*.sql"))


def examples(*lines: str) -> str:
    """The epilog of a command: {domain} and {query} stand for the first ones found."""
    domain = next(iter(domains()), "DOMAIN")
    query = next((name for name in queries() if name.startswith(domain)), "DOMAIN/QUERY")
    shown = [line.replace("{domain}", domain).replace("{query}", query) for line in lines]
    return "\n\n".join(["[bold]Examples[/bold]", *shown])
