"""`headrace alarms`: what stands, and what an operator does about it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.examples import examples
from cli.options import AsJson, short_span

if TYPE_CHECKING:
    from headrace.alarms.actions import Action
    from headrace.alarms.operator import Operator
    from headrace.alarms.rules import GoesTo

EXAMPLES = examples(
    "headrace alarms",
    "headrace alarms list --to maintenance",
    "headrace alarms list --domain {domain} --json",
    "headrace alarms ack A17 --by Ann --note 'pump is being looked at'",
    "headrace alarms shelve A17 --for 2h --by Ann",
    "headrace alarms unshelve A17",
)
MOST_SHOWN = 40
SPELLED = {"ack": "acknowledge", "shelve": "shelve", "unshelve": "unshelve"}


def alarms(
    what: Annotated[
        Literal["list", "ack", "shelve", "unshelve"], typer.Argument(help="List what stands, or act on it.")
    ] = "list",
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ALARM]…", help="Such as A17.")] = None,
    domain: Annotated[str | None, typer.Option(help="The sector, where there is more than one.")] = None,
    by: Annotated[str, typer.Option(help="Who acts.")] = "operator",
    note: Annotated[str, typer.Option(help="Kept with the event.")] = "",
    lasting: Annotated[
        timedelta, typer.Option("--for", metavar="SPAN", parser=short_span, help="How long it is shelved.")
    ] = "1h",  # type: ignore[assignment]
    to: Annotated[
        Literal["operator", "maintenance"],
        typer.Option(help="Whose list: what the plant does, or what its instruments do."),
    ] = "operator",
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.alarms.operator import Operator
    from headrace.errors import UsageError
    from headrace.settings import get_settings

    operator = Operator(one_domain(domain), get_settings())
    if what == "list":
        print_json(operator.standing()) if as_json else _list(operator, to)
        return
    if not ids:
        raise UsageError(f"say which alarm to {what}, such as A17; headrace alarms lists them")
    told = operator.act(*(_action(what, each, by, note, lasting) for each in ids))
    print_json(told) if as_json else _tell(told, ids)
    if len(told) < len(ids) or any(each["event"] == "refused" for each in told):
        raise typer.Exit(1)


def _action(what: str, alarm_id: str, by: str, note: str, lasting: timedelta) -> "Action":
    from headrace.alarms.actions import Action

    lasts = lasting.total_seconds() if what == "shelve" else None
    return Action(what=SPELLED[what], alarm_id=alarm_id, by=by, note=note, lasts=lasts)


def _list(operator: "Operator", to: "GoesTo") -> None:
    from cli.screen import count, out
    from headrace.alarms.operator import goes_to

    shown = operator.shown()
    chosen = [each for each in shown if goes_to(each) == to]
    _show(chosen)
    if to == "operator" and (others := len(shown) - len(chosen)):
        out.print(f"  {count(others)} of instruments: headrace alarms list --to maintenance")


def _show(told: list[dict[str, Any]]) -> None:
    from cli.screen import count, out, table

    if not told:
        out.print("No alarm stands.")
        return
    rows = [
        (
            each["alarm_id"],
            each["priority"],
            each["state"],
            each["console_name"] or each["console"],
            in_words(each),
        )
        for each in told[:MOST_SHOWN]
    ]
    out.print(table([">alarm", "priority", "state", "console", "what is wrong"], rows))
    if len(told) > MOST_SHOWN:
        out.print(f"  and {count(len(told) - MOST_SHOWN)} more; --json lists all, suppressed ones too")


def in_words(alarm: dict[str, Any]) -> str:
    name = f"{alarm['group_name']}: " if alarm["group_name"] else ""
    laid = f" ({alarm['others']} others are laid to it)" if alarm["others"] else ""
    return f"{name}{alarm['message']}{laid}"


def _tell(told: list[dict[str, Any]], ids: list[str]) -> None:
    from cli.screen import err, out

    for each in told:
        if each["event"] == "refused":
            err.print(f"[red]{each['alarm_id']}[/]: {each['message']}")
        else:
            until = f" until {each['until']:%Y-%m-%d %H:%M}" if each["until"] else ""
            out.print(f"{each['alarm_id']}: {each['event']}{until}; it is {each['state']} now")
    if len(told) < len(ids):
        err.print("The standing job has not taken all of it yet; look again with headrace alarms.")
