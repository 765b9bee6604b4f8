"""`headrace publish`: tables where people ask in Athena or Databricks SQL."""

from cli.examples import examples
from cli.options import AsJson, Domain, Layers

EXAMPLES = examples("headrace publish {domain}", "headrace publish {domain} --layers bronze,silver,gold")


def publish(
    domain: Domain = None,
    layers: Layers = None,
    as_json: AsJson = False,
) -> None:
    """Silver and gold, if no layers are named; in Unity Catalog where HEADRACE_UNITY_CATALOG names it and the engine is
    Databricks.

    The flow refine does this behind each run. Doing it again changes nothing, unless the tables have changed. A table
    that somebody else registered is refused, and left as it is.
    """
    from cli.options import layers_of, one_domain
    from cli.screen import out, print_json, table
    from cli.work import job

    done = job("publish", one_domain(domain), layers=layers_of(layers or ["silver", "gold"]))["tables"]
    if as_json:
        print_json(done)
        return
    rows = [
        (each["database"], each["table"], each["outcome"]) for each in done if each["outcome"] != "unchanged"
    ]
    if rows:
        out.print(table(["database", "table", ""], rows))
    out.print(f"{len(done)} tables looked at, {len(rows)} of them new or changed")
