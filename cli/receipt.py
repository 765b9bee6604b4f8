"""`headrace receipt`: the proof that no row was lost or doubled."""

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples("headrace receipt {domain}", "headrace receipt {domain} --json")


def receipt(domain: Domain = None, as_json: AsJson = False) -> None:
    from cli.options import one_domain
    from cli.screen import print_json
    from cli.work import job

    found = job("receipt", one_domain(domain))
    if as_json:
        print_json(found)
    else:
        show(found["lines"])
        tell_losses(found)
    if not found["balanced"]:
        raise typer.Exit(1)


def tell_losses(found: dict) -> None:
    from cli.screen import count, out

    for each in found["lost"]:
        where = f"{each['topic']}/{each['partition']} offsets {count(each['first'])} to {count(each['last'])}"
        out.print(
            f"[bold red]lost:[/] {count(each['count'])} messages, {where}: gone from the topic before they were "
            f"taken; accepted {each['accepted_at']}"
        )
    for note in found["notes"]:
        out.print(f"[yellow]note:[/] {note}")


def show(lines: list[dict]) -> None:
    from cli.screen import count, out, table

    rows = [
        (
            line["table"],
            "[green]=[/]" if line["balanced"] else "[red]≠[/]",
            line["says"],
            count(line["left"]),
            "" if line["balanced"] else count(line["right"]),
            _made_of(line),
        )
        for line in lines
    ]
    rights = {row[4] for row in rows} != {""}
    headings = ["table", "", "says", ">rows", ">beside", "made of"]
    kept = [at for at in range(len(headings)) if at != 4 or rights]
    out.print(table([headings[at] for at in kept], [[row[at] for at in kept] for row in rows], grouped=True))
    off = sum(not line["balanced"] for line in lines)
    if not lines:
        out.print("Nothing has been refined yet.")
    elif off:
        out.print(f"[red]{off} of {len(lines)} lines do not balance[/]")
    else:
        out.print(f"[green]all {len(lines)} lines balance[/]")


def _made_of(line: dict) -> str:
    """The terms that say more than the number beside them."""
    from cli.screen import count

    terms = {name: number for name, number in line["terms"].items() if number}
    if list(terms.values()) == [line["left"]]:
        return ""
    return ", ".join(f"{count(number)} {name}" for name, number in terms.items())
