"""`headrace score`: how many of the planted faults were found."""

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples("headrace score {domain}", "headrace score {domain} --json")


def score(domain: Domain = None, as_json: AsJson = False) -> None:
    """Compare what the tables found with what the generator planted. The only reader of the truth."""
    from cli.options import one_domain
    from cli.screen import print_json
    from cli.summary import show_score
    from cli.work import job

    found = job("score", one_domain(domain))["kinds"]
    if as_json:
        print_json(found)
    else:
        show_score(found)
