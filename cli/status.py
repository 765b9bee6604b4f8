"""`headrace status`: what is new, what would run, who writes which table."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from headrace.lake.paths import Paths
    from headrace.settings import Settings

EXAMPLES = examples("headrace status", "headrace status {domain} --json")


def status(domain: Domain = None, as_json: AsJson = False) -> None:
    """Without Spark, from files and logs alone; nothing is changed."""
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.settings import get_settings

    found = look(one_domain(domain), get_settings())
    if as_json:
        print_json(found)
    else:
        _show(found)


def look(domain: str, settings: "Settings") -> dict[str, Any]:
    from cli.pending import pending, seconds_for
    from cli.run_record import learned, records
    from headrace.lake.paths import LAYERS, Paths, tables_in
    from headrace.serve.ops_tables import scans

    paths, steps = Paths.of(domain, settings), pending(domain, settings)
    last = next((each for each in records() if (each.domain, each.name) == (domain, "refine")), None)
    return {
        "domain": domain,
        "lake": settings.lake,
        "tables": sum(len(tables_in(paths, layer)) for layer in LAYERS),
        "pending": [asdict(step) for step in steps],
        "seconds": round(seconds_for(steps, settings) * learned("refine", domain), 1),
        "held": _held(paths),
        "standing": _standing(paths, settings),
        "last_run": last and asdict(last),
        "checks": _last_checks(scans(paths)),
    }


def _held(paths: "Paths") -> list[dict[str, Any]]:
    """Who writes now, and which tables."""
    from headrace.lake.lease import living_holder, tables_held

    tables: dict[tuple[str, int, str], list[str]] = {}
    for layer, name in tables_held(paths.leases):
        if holder := living_holder(paths.lease(layer, name)):
            tables.setdefault((holder.job, holder.pid, holder.host), []).append(f"{layer}.{name}")
    return [
        {"job": job, "pid": pid, "host": host, "tables": held} for (job, pid, host), held in tables.items()
    ]


def _standing(paths: "Paths", settings: "Settings") -> dict[str, Any] | None:
    """The standing job, where one ever stood."""
    from headrace.live.heartbeat import last_beat

    beat = last_beat(paths)
    if beat is None:
        return None
    is_alive = beat.age < settings.heartbeat_seconds and beat.state not in ("stopped", "failed")
    state = beat.state if is_alive or beat.state in ("stopped", "failed") else "dead"
    return {"state": state, "seconds_ago": round(beat.age), "waits_for": beat.waits_for, "error": beat.error}


def _last_checks(rows: Any) -> list[dict[str, Any]]:
    """Those that did not pass when they were run last."""
    last = {(row["layer"], row["table"], row["name"]): row for row in rows}
    return [row for row in last.values() if row["outcome"] != "pass"]


def _show(found: dict[str, Any]) -> None:
    from rich.markup import escape

    from cli.screen import about, count, out, table

    out.print(f"[bold]{found['domain']}[/] in {escape(found['lake'])}")
    steps = found["pending"]
    if steps:
        new = [each for each in steps if each["layer"] == "bronze" or "rows wait" in each["why"]]
        rows = [
            (f"{each['layer']}.{each['table']}", each["why"], count(each["rows"])) for each in new or steps
        ]
        out.print(table(["what is new", "", ">about rows"], rows))
        layers = Counter(each["layer"] for each in steps)
        said = ", ".join(f"{number} of {layer}" for layer, number in layers.items())
        out.print(
            f"[bold]would run[/]   {len(steps)} tables ({said}), {about(found['seconds'])}: headrace refine"
        )
    elif found["tables"]:
        out.print("[bold]new[/]         nothing waits in files or in bronze, and no table's code changed")
    else:
        out.print(
            "[bold]new[/]         no file has landed and no table is made: headrace generate, or headrace demo"
        )
    for each in found["held"]:
        names = each["tables"]
        what = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
        out.print(
            f"[bold]held[/]        {what} by {escape(each['job'])} (process {each['pid']} on {each['host']})"
        )
    if not found["held"]:
        out.print("[bold]held[/]        no table is being written")
    _show_standing(found["standing"])
    _show_last(found["last_run"], found["checks"])


def _show_standing(standing: dict[str, Any] | None) -> None:
    from rich.markup import escape

    from cli.screen import count, out

    if standing is not None:
        more = standing["error"] or standing["waits_for"]
        said = f"{standing['state']}, last sign of life {count(standing['seconds_ago'])} s ago"
        out.print(f"[bold]live[/]        the standing job: {said}{f' ({escape(more)})' if more else ''}")


def _show_last(last: dict[str, Any] | None, checks: list[dict[str, Any]]) -> None:
    from rich.markup import escape

    from cli.screen import out, seconds

    if last:
        began = last["began"][:16].replace("T", " ")
        out.print(f"[bold]last run[/]    {began}, {seconds(last['seconds'])}: {escape(last['outcome'])}")
    failed = Counter(each["outcome"] for each in checks)
    if checks:
        said = ", ".join(f"{number} {outcome}" for outcome, number in failed.items())
        out.print(f"[bold]checks[/]      {said} when they ran last: headrace scan --force shows them")
