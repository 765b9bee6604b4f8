"""What the flows `refine` and `demo` answer where nothing is new, told without Prefect and without Spark.

The jobs themselves find out: they are done as the flow has them done, and the first that needs Spark gives up. So there
is no second opinion on what is new, be it a file, a topic, a contract, the code of a table, a scan or an unfinished
batch.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.progress import held_back

if TYPE_CHECKING:
    from headrace.settings import Settings

T = TypeVar("T")


def refined(
    domain: str,
    settings: "Settings",
    *,
    as_of: datetime | None = None,
    layers: Sequence[str] | None = None,
    tables: Sequence[str] | None = None,
    scans: bool = True,
    serves: bool = True,
) -> dict[str, Any] | None:
    """What `flows.refine` returns; None where something is new."""
    what = {"as_of": as_of and as_of.isoformat(), "tables": tables}
    return _without_spark(lambda: _refined(domain, settings, layers, what, scans), settings, serves=serves)


def demonstrated(domain: str, settings: "Settings", *, profile: str) -> dict[str, Any] | None:
    """What `flows.demo` returns; None where something is new."""
    return _without_spark(
        lambda: {
            "generated": _summary_of("generate", domain, settings, profile=profile),
            "refined": _refined(domain, settings, None, {}, scans=True),
            "score": _summary_of("score", domain, settings),
        },
        settings,
    )


def _without_spark(work: Callable[[], T], settings: "Settings", *, serves: bool = True) -> T | None:
    from headrace.lake.session import SparkIsNeeded, no_spark

    if (
        settings.engine != "local" or settings.publishes or (settings.serves and serves)
    ):  # other machines do the work, or others read its results
        return None
    with held_back() as events:
        try:
            with no_spark():
                return work()
        except SparkIsNeeded:
            events.clear()
            return None


def _refined(
    domain: str, settings: "Settings", layers: Sequence[str] | None, what: dict[str, Any], scans: bool
) -> dict[str, Any]:
    from headrace.lake.paths import LAYERS

    done, found = [], []
    for layer in (each for each in LAYERS if layers is None or each in layers):
        done.append(_summary_of("refine", domain, settings, layers=[layer], **what))
        if scans:
            found.append(_summary_of("scan", domain, settings, layer=layer, strict=True, **what)["scan"])
    return {
        "domain": domain,
        "as_of": done[-1]["as_of"] if done else "",
        "seconds": sum(each["seconds"] for each in done),
        "tables": [table for each in done for table in each["tables"]],
        "set_aside": [],  # without Spark no file is set aside
        "scans": found,
        "receipt": _summary_of("receipt", domain, settings, strict=True),
        "published": [],
        "served": [],
    }


def _summary_of(name: str, domain: str, settings: "Settings", **options: Any) -> dict[str, Any]:
    from headrace.engines import Job, submit

    given = {key: value for key, value in options.items() if value is not None}
    return submit(Job(name, domain, given), settings).summary  # type: ignore[arg-type]
