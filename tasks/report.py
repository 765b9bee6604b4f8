"""What a run leaves in Prefect's UI: a table for each scan, the receipt, and what each layer did."""

from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from headrace.quality.gate import ScanSummary


def report_scan(summary: ScanSummary, restored: list[dict[str, Any]]) -> None:
    counts = ", ".join(f"{len(summary.having(kind))} {kind}" for kind in ("pass", "warn", "fail"))
    back = "".join(f"; {each['table']} put back to version {each['good_version']}" for each in restored)
    create_table_artifact(
        key=_key("scan", summary.domain, summary.layer),
        table=[
            {"outcome": check.outcome, "table": check.table, "check": check.name, "found": check.detail}
            for kind in ("fail", "warn", "pass")
            for check in summary.having(kind)  # type: ignore[arg-type]
        ],
        description=f"{counts}, {len(summary.skipped)} tables unchanged, as of {summary.as_of}{back}",
    )


def report_step(domain: str, what: str, link: str) -> None:
    """Of a job that a cluster does."""
    create_link_artifact(link, link_text=what, key=_key("step", domain), description=f"The step of: {what}")


def report_receipt(receipt: dict[str, Any]) -> None:
    create_table_artifact(
        key=_key("receipt", receipt["domain"]),
        table=[
            {
                "table": line["table"],
                "says": line["says"],
                "left": line["left"],
                "right": line["right"],
                "balanced": line["balanced"],
            }
            for line in receipt["lines"]
        ],
        description=("balances" if receipt["balanced"] else "DOES NOT BALANCE") + _lost(receipt),
    )


def _lost(receipt: dict[str, Any]) -> str:
    count = sum(each["count"] for each in receipt["lost"])
    return f"; {count:,} MESSAGES ARE LOST" if count else ""


def report_layers(domain: str, as_of: str, tables: list[dict[str, Any]]) -> None:
    lines = [f"## {domain}, as of {as_of}", "", "| table | rows in | became | s |", "|---|--:|---|--:|"]
    for each in tables:
        became = ", ".join(f"{count:,} {name}" for name, count in each["counts"].items() if count)
        name = f"{each['layer']}.{each['table']}"
        lines.append(f"| {name} | {each['rows_in']:,} | {became or 'nothing new'} | {each['seconds']:.1f} |")
    create_markdown_artifact(key=_key("refine", domain), markdown="\n".join(lines))


def report_generated(domain: str, made: dict[str, Any]) -> None:
    lines = [f"## {domain}: {made['rows']:,} rows", "", "| table | rows | bytes |", "|---|--:|--:|"]
    lines += [f"| {each['table']} | {each['rows']:,} | {each['bytes']:,} |" for each in made["tables"]]
    create_markdown_artifact(key=_key("generate", domain), markdown="\n".join(lines))


def _key(*parts: str) -> str:
    """Prefect allows small letters, digits and dashes."""
    return "-".join(parts).replace("_", "-").lower()
