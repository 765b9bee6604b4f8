"""`headrace recycle`: send rejected rows through again."""

from cli.examples import examples
from cli.options import AsJson, Domain, Tables

EXAMPLES = examples("headrace recycle {domain}", "headrace recycle {domain} --table sensor_readings")


def recycle(domain: Domain = None, tables: Tables = None, as_json: AsJson = False) -> None:
    from cli.options import one_domain, tables_named
    from cli.screen import print_json
    from cli.work import job

    name = one_domain(domain)
    done = job("recycle", name, tables=tables_named(name, tables))["recycled"]
    if as_json:
        print_json(done)
    else:
        _show([table for each in done for table in each["tables"]])


def _show(done: list[dict]) -> None:
    from cli.screen import count, out, table

    rows = [
        (each["table"], count(each["passed"]), count(each["waiting"]))
        for each in done
        if each["passed"] or each["waiting"]
    ]
    if not rows:
        out.print("No rejected rows wait.")
        return
    out.print(table(["table", ">passed", ">still waiting"], rows))
    if any(each["passed"] for each in done):
        out.print("Next: [bold]headrace refine[/bold] brings gold up to date")
