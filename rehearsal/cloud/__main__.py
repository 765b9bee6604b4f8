"""`python -m rehearsal.cloud`: Terraform, the flows, the cluster and the readers, rehearsed without an account.

Everything is real but AWS itself: Terraform with its provider, Prefect's server and worker, Kafka, Spark with S3.
"""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from headrace.contracts.load import domain_folder, domains_found
from headrace.errors import HeadraceError
from rehearsal.cloud.rehearse import rehearse
from rehearsal.cloud.timing import Programme

HOME = Path(".headrace/rehearsal").absolute()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.cloud", description=__doc__)
    parser.add_argument("--domain", default="refinery", help="which one (default: refinery)")
    parser.add_argument("--all", action="store_true", help="every domain, one after the other")
    parser.add_argument(
        "--serverless",
        action="store_true",
        help="EMR and MSK Serverless in the place of a cluster and brokers",
    )
    parser.add_argument("--home", type=Path, default=HOME, help="the folder for all of it; its logs are kept")
    chosen = parser.parse_args()
    domains = domains_found() if chosen.all else (domain_folder(chosen.domain).name,)
    screen = Console(highlight=False)
    programme = Programme(screen)
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, _interrupt)
    try:
        rehearse(chosen.home.absolute(), programme, domains, serverless=chosen.serverless)
    except HeadraceError as error:
        screen.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        screen.print("[yellow]interrupted[/]; all that was started is stopped")
        return 130
    finally:
        screen.print(f"[dim]logs: {chosen.home / 'logs'}[/]")
    programme.show()
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
