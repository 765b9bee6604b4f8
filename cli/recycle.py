"""`headrace recycle`: send rejected rows through again."""

from cli.examples import examples
from cli.options import AsJson, Domain, Tables

EXAMPLES = examples("headrace recycle {domain}", "headrace recycle {domain} --table sensor_readings")


def recycle(domain: Domain = None, tables: Tables = None, as_json: AsJson = False) -> None:
    """Send rejected rows through again, after their cause is mended: a parent has come, a rule changed."""
    from cli.options import listed, one_domain
    from cli.screen import out, print_json
    from cli.work import job

    names = list(listed(tables) or ()) or None
    done = job("recycle", one_domain(domain), tables=names)["recycled"]
    if as_json:
        print_json(done)
    else:
        out.print(done)
