"""`headrace demo-live`: a broker, live messages and the standing job for a minute, and how it went."""

from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.examples import examples
from cli.options import AsJson, Domain
from cli.produce import short_span

if TYPE_CHECKING:
    from headrace.settings import Settings

EXAMPLES = examples("headrace demo-live {domain}", "headrace demo-live {domain} --rate 1000 --for 3m")
FATES = ("written", "rejected", "duplicates")


def demo_live(
    domain: Domain = None,
    rate: Annotated[float, typer.Option(min=1, help="Messages a second.")] = 300,
    lasting: Annotated[
        timedelta, typer.Option("--for", metavar="SPAN", parser=short_span, help="How long, like 30s or 5m.")
    ] = "1m",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Start a broker, send live messages for a minute, take them into bronze and silver, and show what came of it."""
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.settings import get_settings

    name = one_domain(domain)
    home = get_settings().home.absolute() / "demo-live"
    settings = get_settings().model_copy(
        update={"home": home, "lake_url": "", "landing_url": "", "truth_url": "", "dropped_url": ""}
    )
    found = _run(name, settings, rate, lasting.total_seconds())
    if as_json:
        print_json(found)
    else:
        _show(found)


def _run(domain: str, settings: "Settings", rate: float, seconds: float) -> dict[str, Any]:
    from cli.watch import watching
    from headrace.lake.paths import Paths
    from headrace.live.latency import LatencyWatch
    from rehearsal.apart import running, wait_until_standing
    from rehearsal.kafka import Broker, free_port
    from streaming.continued import topic_contract
    from streaming.produce import produce

    paths, contract = Paths.of(domain, settings), topic_contract(domain, None)
    with watching():
        _history(domain, settings)
        broker = Broker(settings.home / "kafka", free_port())
        with _told("a broker"):
            broker.up()
        try:
            live = settings.model_copy(update={"kafka_bootstrap": broker.address, "metrics_port": 0})
            broker.make_topic(str(contract.arrives.topic), partitions=2)
            before = _counts(paths, contract.table)
            with running(["stream", domain], live, settings.home / "logs" / "stream.log") as job:
                with _told("the standing job"):
                    wait_until_standing(job, paths)
                watch = LatencyWatch(paths, contract.table, contract.table)
                watch.start()
                sent = produce(domain, live, Event(), rate=rate, seconds=seconds)
                with _told("all of it in silver"):
                    _wait_for(paths, contract.table, sent.messages + before["rows_in"])
                waited = watch.stop()
        finally:
            broker.down()
    after = _counts(paths, contract.table)
    return {
        "messages": sent.messages,
        "rate": sent.rate,
        "became": {fate: after[fate] - before[fate] for fate in FATES},
        "waited": waited,
        "receipt": _receipt(domain, settings),
    }


def _history(domain: str, settings: "Settings") -> None:
    """A small lake of its own, made the first time."""
    from headrace.generate.plan import load_profile
    from headrace.generate.run import generate
    from headrace.lake import log
    from headrace.lake.paths import Paths
    from headrace.refine.run import refine

    paths = Paths.of(domain, settings)
    if not log.exists(paths.table("gold", next(iter(_gold(domain))))):
        generate(domain, load_profile(domain, "fast"), settings)
        refine(domain, settings=settings)


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
    from headrace.lake.receipt import receipt

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


def _show(found: dict[str, Any]) -> None:
    from cli.screen import count, out

    became = ", ".join(f"{count(number)} {fate}" for fate, number in found["became"].items())
    out.print(f"[bold]{count(found['messages'])} messages[/] sent, {found['rate']:,.0f} a second: {became}")
    waited = found["waited"]
    if waited is not None:
        out.print(
            f"From the broker's timestamp until another process found the row in silver: half in "
            f"{waited.median:.1f} s, 95 of 100 in {waited.p95:.1f} s, all in {waited.worst:.1f} s"
        )
    lines = found["receipt"]["lines"]
    for line in lines:
        if line["says"].startswith("offsets of"):
            out.print(
                f"  {line['says'].removesuffix(' = rows')}: {count(line['right'])} offsets, {count(line['left'])} rows"
            )
    balance = "balance" if found["receipt"]["balanced"] else "[red]do not balance[/]"
    out.print(f"  all {len(lines)} lines of the receipt {balance}")
    out.print(
        "What to try next\n  [cyan]headrace kafka up[/], [cyan]headrace stream[/], [cyan]headrace produce[/]"
    )
