"""Tells people what an automation has seen."""

from prefect import flow

from tasks.people import told


@flow(name="tell", flow_run_name="tell: {what}", timeout_seconds=300)
def tell(what: str, about: str = "") -> bool:
    """Tell whoever listens to the environment's alerts. Automations start it when a run fails or is late.

    Args:
        what: In one line.
        about: What else helps, such as a link.
    """
    return told(what, about)
