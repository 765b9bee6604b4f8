"""`headrace demo-live`: a broker, live messages and the standing job for a minute, and how it went."""

from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, short_span
from cli.run_record import recorded

if TYPE_CHECKING:
    from headrace.settings import Settings

EXAMPLES = examples("headrace demo-live {domain}", "headrace demo-live {domain} --rate 1000 --for 3m")
ALARMS_SHOWN = 8
HISTORY = "history of demo-live"
FATES = ("written", "rejected", "duplicates")


def demo_live(
    domain: Domain = None,
    rate: Annotated[float, typer.Option(min=1, help="Messages a second, of all topics together.")] = 300,
    lasting: Annotated[
        timedelta, typer.Option("--for", metavar="SPAN", parser=short_span, help="How long, like 30s or 5m.")
    ] = "1m",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.settings import get_settings

    name = one_domain(domain)
    home = get_settings().home.absolute() / "demo-live"
    settings = get_settings().model_copy(
        update={"home": home, "lake_url": "", "landing_url": "", "truth_url": "", "dropped_url": ""}
    )
    needs_history = not _has_history(name, settings)
    _announce(name, settings, lasting.total_seconds(), needs_history)
    with recorded("demo-live", name):
        found = _run(name, settings, rate, lasting.total_seconds())
    if as_json:
        print_json(found)
    else:
        _show(found)


def _run(domain: str, settings: "Settings", rate: float, seconds: float) -> dict[str, Any]:
    from cli.watch import watching
    from headrace.alarms.rules import load_rules
    from headrace.lake.paths import Paths
    from headrace.live.latency import AlarmLatencyWatch, LatencyWatch
    from rehearsal.kafka import Broker, free_port
    from rehearsal.subprocesses import running, wait_until_standing
    from simulation.producer.continuation import topic_contracts
    from simulation.producer.topic_producer import produce

    paths, contracts = Paths.of(domain, settings), topic_contracts(domain)
    tables = [contract.table for contract in contracts]
    with watching():
        _history(domain, settings)
        broker = Broker(settings.home / "kafka", free_port())
        with _told("a broker"):
            broker.up()
        try:
            live = settings.model_copy(update={"kafka_bootstrap": broker.address, "metrics_port": 0})
            for contract in contracts:
                broker.make_topic(str(contract.arrives.topic), partitions=2)
            before, rules = {table: _counts(paths, table) for table in tables}, load_rules(domain)
            told = _newest_event(paths)
            with running(["stream", domain], live, settings.home / "logs" / "stream.log") as job:
                with _told("the standing job"):
                    wait_until_standing(job, paths)
                watches = {table: LatencyWatch(paths, table, table) for table in tables}
                alarms = AlarmLatencyWatch(paths, rules.source, rules) if rules else None
                for watch in [*watches.values(), *([alarms] if alarms else [])]:
                    watch.start()
                sent = produce(domain, live, Event(), rate=rate, seconds=seconds)
                with _told("all of it in silver"):
                    for table, each in zip(tables, sent.topics, strict=True):
                        _wait_for(paths, table, each.messages + before[table]["rows_in"])
                waited = {table: watch.stop() for table, watch in watches.items()}
            alarms_waited = alarms.stop() if alarms else None
        finally:
            broker.down()
    after = {table: _counts(paths, table) for table in tables}
    return {
        "messages": sent.messages,
        "rate": sent.rate,
        "topics": [
            {
                "topic": each.topic,
                "messages": each.messages,
                "became": {fate: after[table][fate] - before[table][fate] for fate in FATES},
                "waited": waited[table],
            }
            for table, each in zip(tables, sent.topics, strict=True)
        ],
        "alarms": _alarms(domain, settings, paths, told) if rules else None,
        "alarms_waited": alarms_waited,
        "receipt": _receipt(domain, settings),
    }


def _events(paths: Any, after: int) -> list[dict[str, Any]]:
    from deltalake import DeltaTable

    from headrace.alarms.events import TABLE
    from headrace.alarms.store import read_events
    from headrace.lake import log

    path = paths.table("silver", TABLE)
    if not log.exists(path):
        return []
    rows = read_events(DeltaTable(path)).sort_by("event_number").to_pylist()
    return [row for row in rows if row["event_number"] > after]


def _newest_event(paths: Any) -> int:
    return max((event["event_number"] for event in _events(paths, 0)), default=0)


def _alarms(domain: str, settings: "Settings", paths: Any, after: int) -> dict[str, Any]:
    """What the minute's messages made of alarms, and what is on the operator's list by then."""
    from cli.alarms import in_words
    from headrace.alarms.operator import Operator, goes_to

    events = _events(paths, after)
    raised = [event for event in events if event["event"] == "raised"]
    announced = {event["alarm_id"] for event in events if event["is_annunciated"]}
    shown = [each for each in Operator(domain, settings).shown() if goes_to(each) == "operator"]
    return {
        "home": str(settings.home),
        "raised": len(raised),
        "maintenance": sum(goes_to(event) == "maintenance" for event in raised),
        "cleared": sum(event["event"] == "cleared" for event in events),
        "announced": len(announced),
        "floods": sum(event["event"] == "flood_began" for event in events),
        "announced_and_listed": sum(each["alarm_id"] in announced for each in shown),
        "listed": [
            f"{each['priority']}: {in_words(each)}"
            for each in sorted(shown, key=lambda each: each["alarm_id"] not in announced)
        ],
    }


def _announce(domain: str, settings: "Settings", lasts: float, needs_history: bool) -> None:
    """What comes, and about how long each part takes."""
    from cli.demo import seconds_to_make
    from cli.run_record import learned
    from cli.screen import about, err, seconds
    from simulation.generate.plan import load_profile

    live = f"live messages for {seconds(lasts)}, and about a minute to start and to end"
    if not needs_history:
        err.print(f"[bold]{domain}[/]: {live}; the history before them is there from an earlier run")
        return
    plan = load_profile(domain, _profile(domain))
    expected = seconds_to_make(domain, plan, settings) * learned(HISTORY, domain)
    err.print(
        f"[bold]{domain}[/]: first a history of {(plan.end - plan.start).days} days, refined to gold, which the live "
        f"messages go on from: {about(expected)}, this once. Then {live}"
    )


def _has_history(domain: str, settings: "Settings") -> bool:
    from headrace.lake import log
    from headrace.lake.paths import Paths

    return log.exists(Paths.of(domain, settings).table("gold", next(iter(_gold(domain)))))


def _history(domain: str, settings: "Settings") -> None:
    """A small lake of its own, made the first time."""
    from cli.demo import seconds_to_make
    from headrace.refine.run import refine
    from simulation.generate.plan import load_profile
    from simulation.generate.run import generate

    if not _has_history(domain, settings):
        plan = load_profile(domain, _profile(domain))
        with recorded(HISTORY, domain, estimated=seconds_to_make(domain, plan, settings), is_part=True):
            generate(domain, plan, settings)
            refine(domain, settings=settings)


def _profile(domain: str) -> str:
    from simulation.generate.plan import load_profiles

    return "live" if "live" in load_profiles(domain) else "fast"


def _gold(domain: str) -> list[str]:
    from headrace.refine.catalog import load_tables

    return [node.name for node in load_tables(domain).layer("gold")]


def _counts(paths: Any, table: str) -> dict[str, int]:
    from headrace.lake import ledger

    totals = ledger.totals(ledger.entries(paths, "silver", table))
    return {name: totals.get(name, 0) for name in ("rows_in", *FATES)}


def _wait_for(paths: Any, table: str, rows: int, within: float = 60.0) -> None:
    from time import monotonic, sleep

    end = monotonic() + within
    while monotonic() < end and _counts(paths, table)["rows_in"] < rows:
        sleep(0.3)


def _receipt(domain: str, settings: "Settings") -> dict[str, Any]:
    from headrace.operate.receipt import receipt

    return receipt(domain, settings).as_dict()


class _told:  # noqa: N801 - reads as a sentence where it is used
    """Progress of one thing that takes a while."""

    def __init__(self, what: str) -> None:
        from headrace.progress import Stopwatch

        self._what, self._watch = what, Stopwatch()

    def __enter__(self) -> None:
        from headrace.progress import Event as Said
        from headrace.progress import tell

        tell(Said("live", self._what, "started"))

    def __exit__(self, kind: object, *_: object) -> None:
        from headrace.progress import Event as Said
        from headrace.progress import tell

        tell(Said("live", self._what, "failed" if kind else "done", seconds=self._watch.seconds))


def _show_waited(waited: Any, until: str) -> None:
    from cli.screen import out

    if waited is not None:
        out.print(
            f"From the broker's timestamp {until}: half in {waited.median:.1f} s, 95 of 100 in {waited.p95:.1f} s, "
            f"all in {waited.worst:.1f} s"
        )


def alarms_in_words(alarms: dict[str, Any]) -> str:
    """How the alarms that came, those that were announced and those on the list come together."""
    came, cleared, announced, listed = (alarms[each] for each in ("raised", "cleared", "announced", "listed"))
    floods = f" or came in one of {alarms['floods']} floods" if alarms["floods"] else ""
    maintained = alarms["maintenance"]
    quiet, new = came - announced - maintained, alarms["announced_and_listed"]
    before = f"{len(listed) - new} that stood before"
    instruments = f" {maintained} are of instruments and go to maintenance." if maintained else ""
    parts = [
        f"[bold]{came} alarms[/] came and {cleared} cleared.{instruments}",
        f"{announced} were announced to the operator",
    ]
    parts[-1] += f"; the other {quiet} have a cause that was announced already{floods}." if quiet > 0 else "."
    if not listed:
        parts.append("Nothing is left on the operator's list.")
    elif not new:
        parts.append(f"The operator's list has {before}.")
    else:
        over = " (the others are over, or were laid to another since)" if new < announced else ""
        parts.append(f"The operator's list has {len(listed)}: {new} of these {announced}{over} and {before}.")
    return " ".join(parts)


def _show_alarms(alarms: dict[str, Any]) -> None:
    from cli.screen import count, out

    out.print(alarms_in_words(alarms))
    for line in alarms["listed"][:ALARMS_SHOWN]:
        out.print(f"  {line}")
    if len(alarms["listed"]) > ALARMS_SHOWN:
        more = count(len(alarms["listed"]) - ALARMS_SHOWN)
        out.print(f"  and {more} more: HEADRACE_HOME={alarms['home']} headrace alarms", soft_wrap=True)


def _show(found: dict[str, Any]) -> None:
    from cli.screen import count, out

    out.print(f"[bold]{count(found['messages'])} messages[/] sent, {found['rate']:,.0f} a second")
    for each in found["topics"]:
        became = ", ".join(f"{count(number)} {fate}" for fate, number in each["became"].items())
        out.print(f"[bold]{each['topic']}[/]: {count(each['messages'])} messages became {became}")
        _show_waited(each["waited"], "until another process found the row in silver")
    if found["alarms"] is not None:
        _show_alarms(found["alarms"])
        _show_waited(found["alarms_waited"], "of the reading that completed an alarm until it was found")
    lines = found["receipt"]["lines"]
    for line in lines:
        if line["topic"]:
            out.print(
                f"  {line['says'].removesuffix(' = rows')}: {count(line['right'])} offsets, {count(line['left'])} rows"
            )
    balance = "balance" if found["receipt"]["balanced"] else "[red]do not balance[/]"
    out.print(f"  all {len(lines)} lines of the receipt {balance}")
    out.print(
        "What to try next\n  [cyan]headrace kafka up[/], [cyan]headrace stream[/], [cyan]headrace produce[/]"
    )
