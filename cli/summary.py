"""What a domain's lake holds and how it fared, on one screen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.screen import MARKS, count, out, percent, seconds, size, table
from headrace.lake.paths import Paths, is_beside, is_rejected

if TYPE_CHECKING:
    from headrace.operate.size import TableSize
    from headrace.settings import Settings

NOT_KNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class LayerSummary:
    layer: str
    tables: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class Summary:
    domain: str
    layers: list[LayerSummary]
    rejected: int
    dropped: dict[str, tuple[int, str]]
    """By their term in the receipt: rows that are stored nowhere on purpose, and what they are called."""
    scans: dict[str, dict[str, int]]
    receipt_lines: int
    receipt_balanced: bool
    score: list[dict]
    seconds: dict[str, float] = field(default_factory=dict)


def summarize(domain: str, settings: "Settings", done: dict, took: dict[str, float]) -> Summary:
    """From what lies in the lake, so that a run with nothing new shows the same, and what the flow said."""
    from headrace.operate.size import sizes
    from headrace.serve.ops_tables import scans

    found, lines = sizes(domain, settings), done["refined"]["receipt"]["lines"]
    kept = [each for each in found if not is_beside(each.table)]
    return Summary(
        domain=domain,
        layers=[_layer(layer, kept) for layer in dict.fromkeys(each.layer for each in kept)],
        rejected=sum(each.rows for each in found if is_rejected(each.table)),
        dropped=_dropped(domain, lines),
        scans=_latest(scans(Paths.of(domain, settings))),
        receipt_lines=len(lines),
        receipt_balanced=all(line["balanced"] for line in lines),
        score=done["score"]["kinds"],
        seconds=took,
    )


def _layer(layer: str, found: "list[TableSize]") -> LayerSummary:
    mine = [each for each in found if each.layer == layer]
    return LayerSummary(layer, len(mine), sum(each.rows for each in mine), sum(each.bytes for each in mine))


def _dropped(domain: str, lines: list[dict]) -> dict[str, tuple[int, str]]:
    from headrace.refine.catalog import load_tables
    from headrace.writes.way import way_of

    named: dict[str, str] = {}
    for node in load_tables(domain).layer("silver"):
        named |= way_of(node.table.write).named
    return {
        term: (sum(line["terms"].get(term, 0) for line in lines), called) for term, called in named.items()
    }


def _latest(results: Iterable[dict]) -> dict[str, dict[str, int]]:
    """Outcomes by layer; where a check was run again, its last one counts."""
    last = {(row["layer"], row["table"], row["name"]): row["outcome"] for row in results}
    counted: dict[str, Counter[str]] = {}
    for (layer, _, _), outcome in last.items():
        counted.setdefault(layer, Counter())[outcome] += 1
    return {layer: dict(outcomes) for layer, outcomes in counted.items()}


def show(found: Summary) -> None:
    rows = [_row(layer, found) for layer in found.layers]
    headings = ["layer", ">tables", ">rows", ">bytes", ">checks passed", ">warned", ">failed", ">took"]
    out.print(table(headings, rows, title=f"What was made of {found.domain}"))
    out.print(f"  rejected    {count(found.rejected)} rows, each with its reasons")
    for term, (dropped, called) in found.dropped.items():
        out.print(f"  {term:<10}  {count(dropped)} {called}")
    said = f"all {found.receipt_lines} lines balance: no row was lost or doubled"
    out.print(
        f"  receipt     {said if found.receipt_balanced else '[red]does not balance[/]: headrace receipt'}"
    )
    others = {stage: took for stage, took in found.seconds.items() if stage not in {r[0] for r in rows}}
    out.print(f"  took        {', '.join(f'{stage} {seconds(took)}' for stage, took in others.items())}\n")
    show_score(found.score)


def _row(layer: LayerSummary, found: Summary) -> tuple[object, ...]:
    checks = found.scans.get(layer.layer, {})
    failed = checks.get("fail", 0)
    return (
        layer.layer,
        layer.tables,
        count(layer.rows),
        size(layer.bytes),
        checks.get("pass", 0),
        checks.get("warn", 0),
        failed if not failed else f"{failed} {MARKS['fail']}",
        seconds(found.seconds.get(layer.layer)),
    )


def show_score(kinds: list[dict]) -> None:
    rows = [
        (
            each["kind"],
            count(each["planted"]),
            count(each["caught"]),
            percent(each["caught"], each["planted"]),
            count(each["missed"]),
            NOT_KNOWN if each["false_alarms"] is None else count(each["false_alarms"]),
            NOT_KNOWN if each["delay"] is None else each["delay"],
        )
        for each in kinds
    ]
    headings = ["planted fault", ">planted", ">caught", ">share", ">missed", ">false alarms", ">median hours"]
    out.print(table(headings, rows, title="What was found of what the generator planted"))
