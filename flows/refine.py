"""Bronze, silver, gold, a scan behind each, and the receipt."""

from typing import Any, Literal

from prefect import flow

from tasks.budget import Budget, Dollars
from tasks.gate import pass_gate, settle
from tasks.instants import AsOf, meant
from tasks.jobs import refined, served, settled
from tasks.report import report_layers
from tasks.schedules import patient
from tasks.turns import turn_of

Layer = Literal["bronze", "silver", "gold"]
LAYERS: tuple[Layer, ...] = ("bronze", "silver", "gold")


@flow(name="refine", flow_run_name="refine-{domain}")
@patient
def refine(
    domain: str,
    as_of: AsOf = "newest",
    layers: list[Layer] = list(LAYERS),  # noqa: B006 - Prefect shows it as the default
    tables: list[str] | None = None,
    scans: bool = True,
    force_scans: bool = False,
    dollars: Dollars | None = None,
    serves: bool = True,
) -> dict[str, Any]:
    """Bring tables up to date. A scan that fails stops the run before the next layer.

    Args:
        domain: The sector, a folder of domains/.
        as_of: The instant the run pretends it is: that of the newest event, the one it was scheduled for, or any other.
            A late run as of its schedule says what it would have said in time.
        layers: Any may be left out.
        tables: Only these.
        scans: Whether each layer is scanned before the next.
        force_scans: Scan tables too whose version has not changed.
        dollars: What the run may cost; beyond that it stops before the next layer. By default anything.
        serves: Whether the database that HEADRACE_SERVE_URL names is filled at the end.
    """
    done: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    budget = Budget(f"refine {domain}", dollars)
    with turn_of(domain, hours=6):
        for layer in (each for each in LAYERS if each in layers):
            budget.check()
            made, scan = refined(
                domain, layer, as_of=meant(as_of), tables=tables, scans=scans, force=force_scans
            )
            done.append(made)
            if scan is not None:
                found.append(scan)
                pass_gate(scan)
        receipt, published = settled(domain)
        settle(receipt)
        in_database = served(domain) if serves else []
    return _summary(domain, done, found, receipt, published) | {"served": in_database}


def _summary(
    domain: str,
    done: list[dict[str, Any]],
    found: list[dict[str, Any]],
    receipt: dict[str, Any],
    published: list[dict[str, Any]],
) -> dict[str, Any]:
    tables = [table for result in done for table in result["tables"]]
    as_of = done[-1]["as_of"] if done else ""
    report_layers(domain, as_of, tables)
    return {
        "domain": domain,
        "as_of": as_of,
        "seconds": sum(result["seconds"] for result in done),
        "tables": tables,
        "set_aside": [file for result in done for file in result["set_aside"]],
        "scans": [each["scan"] for each in found],
        "receipt": receipt,
        "published": published,
    }
