"""`python -m rehearsal.aws.server -H 127.0.0.1 -p 5555`: moto's own server, gaps closed, with a cluster that runs steps
where HEADRACE_REHEARSED_CLUSTER names its folder."""

import os
from pathlib import Path

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # EMR's own policy is one of them

from rehearsal.aws import (  # noqa: F401 - read once moto knows that
    CLUSTER,
    athena,
    budgets,
    ec2,
    ecs,
    emr,
    emr_serverless,
    msk,
    rds,
    retries,
    s3,
    unsupported,
)


def main() -> None:
    if CLUSTER not in os.environ:
        _serve()
        return
    from rehearsal.aws.stand_in import StandIn
    from rehearsal.yarn import yarn

    home = Path(os.environ[CLUSTER])
    with yarn(home / "yarn") as node:
        cluster = StandIn(home, node)
        cluster.start()
        try:
            _serve()
        finally:
            cluster.stop()


def _serve() -> None:
    from moto.server import main as serve

    serve()


if __name__ == "__main__":
    main()
