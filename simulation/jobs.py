"""The simulator's jobs, which an engine runs beside the library's own."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from headrace.contracts.model import parse_span
from headrace.cost.bill import place_of, refuse_beyond
from headrace.settings import Settings

Options = dict[str, Any]


def _generate(domain: str, options: Options, settings: Settings) -> Options:
    from simulation.generate.estimate import estimate
    from simulation.generate.plan import load_profile
    from simulation.generate.run import generate

    stride = options.get("stride")
    plan = load_profile(domain, options.get("profile") or "demo").but(
        scale=options.get("scale"),
        seed=options.get("seed"),
        start=options.get("start"),
        end=options.get("end"),
        stride=None if stride is None else parse_span(stride),
        into=options.get("into"),
        tables=options.get("tables"),
    )
    if options.get("dollars") is not None:
        rows = estimate(domain, plan, settings).total
        refuse_beyond(float(options["dollars"]), f"generate {domain}", rows, place_of(settings))
    result = generate(domain, plan, settings)
    return asdict(result) | {"rows": result.rows, "bytes": result.bytes}


def _score(domain: str, options: Options, settings: Settings) -> Options:
    if options.get("replay"):
        from simulation.score.panels import panels
        from simulation.score.replay import replay

        return {"alarms": [each.as_dict() for each in replay(domain, settings, panels(options.get("seed")))]}
    from simulation.score.scoring import score

    return {"kinds": [kind.as_dict() for kind in score(domain, settings)]}


JOBS: dict[str, Callable[[str, Options, Settings], Options]] = {"generate": _generate, "score": _score}
