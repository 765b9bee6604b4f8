"""`headrace topics`: a domain's topics, as its contracts and as the brokers have them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from headrace.live.topics import Topic

EXAMPLES = examples("headrace topics {domain}", "headrace topics {domain} --make")


def topics(
    domain: Domain = None,
    make: Annotated[bool, typer.Option("--make", help="Make those that are missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """One that is there is never changed: `kafka-configs.sh` and `kafka-topics.sh --alter` of Kafka do that."""
    from cli.options import one_domain
    from cli.screen import out, print_json, table
    from headrace.lake.paths import Paths
    from headrace.live.topics import make_topics, topic_of
    from headrace.refine.catalog import load_tables
    from headrace.settings import get_settings

    chosen, settings = one_domain(domain), get_settings()
    contracts = load_tables(chosen).by_topic
    if make:
        found = make_topics(contracts, Paths.of(chosen, settings), settings)
    else:
        found = [topic_of(contract, settings) for contract in contracts]
    if as_json:
        print_json([{"state": _state(each), **vars(each)} for each in found])
        return
    rows = [
        (
            each.name,
            each.table,
            each.key or "none",
            _beside(each.shape and each.shape.partitions, each.partitions),
            _beside(_span(each.shape and each.shape.retention), _span(each.retention)),
            _state(each),
        )
        for each in found
    ]
    out.print(table(["topic", "table", "key", ">partitions", ">retention", ""], rows))


def _state(topic: "Topic") -> str:
    if topic.shape is None:
        return "missing"
    if topic.differences:
        return "; ".join(topic.differences)
    return "made" if topic.was_made else "there"


def _beside(is_now: object, promised: object) -> str:
    """What the brokers have, and in brackets what the contract says where that is something else."""
    shown = "-" if is_now is None else str(is_now)
    return shown if promised is None or promised == is_now else f"{shown} ({promised})"


def _span(span: timedelta | None) -> str | None:
    return None if span is None else str(span)
