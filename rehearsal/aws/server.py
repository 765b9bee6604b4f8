"""`python -m rehearsal.aws.server -H 127.0.0.1 -p 5555`: moto's own server, gaps closed."""

import os

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # EMR's own policy is one of them

from rehearsal.aws import (  # noqa: F401 - read once moto knows that
    brokers,
    budgets,
    clusters,
    containers,
    network,
    questions,
    refusals,
    serverless,
    storage,
)


def main() -> None:
    from moto.server import main as serve

    serve()


if __name__ == "__main__":
    main()
