"""The order of a rehearsal: everything a user does, with everything real but AWS itself."""

from contextlib import ExitStack
from pathlib import Path

from rehearsal.cloud.environment import applied, comes_up, deployed, destroyed, has_worker, unchanged
from rehearsal.cloud.sector import Sector
from rehearsal.cloud.site import Site
from rehearsal.cloud.timing import Programme


def rehearse(home: Path, programme: Programme, domains: tuple[str, ...], *, serverless: bool = False) -> None:
    """Whatever was started is ended, however this ends."""
    with ExitStack() as stack:
        site = Site(home, stack)
        with programme.part("a checkout, Prefect's server, a Kafka broker, AWS") as part:
            comes_up(part, site)
        sectors = [Sector(site, domain) for domain in domains]
        here = [stack.enter_context(sector.on_this_machine()) for sector in sectors]
        with programme.part("terraform apply: the bucket for its state, then dev") as part:
            applied(part, site, domains, serverless=serverless)
        with programme.part("the worker, as its task definition starts it") as part:
            has_worker(part, site)
        with programme.part("headrace configure, prefect deploy --all") as part:
            deployed(part, site)
        for sector, process in zip(sectors, here, strict=True):
            with programme.part(f"{sector.domain}: generate") as part:
                sector.generated(part)
            with programme.part(f"{sector.domain}: refine, a machine lost on the way") as part:
                sector.refined(part)
            with programme.part(
                f"{sector.domain}: read back through Glue, held against a run on this machine"
            ) as part:
                sector.same(part, process)
            with programme.part(f"{sector.domain}: gold in PostgreSQL") as part:
                sector.served(part)
            sending = stack.enter_context(sector.sends())
            with programme.part(f"{sector.domain}: a run that fails, and people are told") as part:
                sector.fails(part)
            with programme.part(f"{sector.domain}: live events, the standing job by schedule") as part:
                sector.live(part, sending)
        with programme.part("terraform plan") as part:
            unchanged(part, site)
        with programme.part("terraform destroy") as part:
            destroyed(part, site)
