"""Draws docs/unit_day.svg: one day of a unit of the demo, as its sensors and its production tell it.

python -m docs.unit_day
"""

from datetime import datetime
from pathlib import Path

import numpy as np

from domains.refinery.sources.production_output import production_output
from domains.refinery.sources.sensor_readings import sensor_readings
from headrace.contracts.load import load_contracts
from simulation.generate.blocks import Ticks
from simulation.generate.plan import load_profile, world_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.sources import load_sources
from simulation.random_draws import ANCHOR_SECONDS, seconds

UNIT, BEGIN, DAY, EVERY = 10, datetime(2024, 1, 9), 86_400, 300
KINDS = (("Flow Rate", "BPH"), ("Pressure", "PSI"), ("Temperature", "Fahrenheit"), ("Vibration", "mm/s"))
WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 78, 92, 44, 18
INK, LINE, LIMIT, CHARGE = "#24292f", "#0b6e99", "#b35900", "#9aa4ad"


def main() -> None:
    profile, contracts = load_profile("refinery", "demo"), load_contracts("refinery")
    maker = RowMaker(contracts, load_sources("refinery"), world_of(profile, contracts))
    sensors, names = maker.argument("sensors"), ("processing_units", "refineries")
    second = seconds(BEGIN) + np.arange(0, DAY, EVERY)
    panels = []
    for kind, unit in KINDS:
        fits = (sensors["sensor_type"] == kind) & (sensors["measurement_unit"] == unit)
        fits &= (np.arange(sensors.count) // 100 == UNIT) & sensors["is_active"]
        index = np.full(len(second), int(np.flatnonzero(fits)[0]))
        given = {name: maker.argument(name) for name in ("sensors", *names)}
        rows = sensor_readings(ticks=Ticks(index, second, {}), world=maker.world, **given)
        limits = [float(sensors[name][index[0]]) for name in ("warning_low", "warning_high")]
        panels.append((f"{kind}, {unit}", second, rows["reading_value"], limits))
    hour = (seconds(BEGIN) - ANCHOR_SECONDS) // 3600 + np.arange(DAY // 3600)
    asked = {
        "_index": np.full(len(hour), UNIT),
        "_n": hour,
        "_at": (hour * 3600 + ANCHOR_SECONDS) * 1_000_000,
    }
    made = production_output(rows=asked, world=maker.world, **{name: maker.argument(name) for name in names})
    charge = np.repeat(made["input_volume_barrels"], 2)
    edges = np.repeat(np.r_[hour, hour[-1] + 1] * 3600 + ANCHOR_SECONDS, 2)[1:-1]
    panels.insert(0, ("Charge, barrels an hour", edges, charge, []))
    name = maker.argument("processing_units")["unit_name"][UNIT]
    title = f"{name}, {BEGIN:%d %B %Y}: an operator error at 05:21, three hours of standing, and the way back"
    Path(__file__).with_suffix(".svg").write_text(drawn(title, panels))


def drawn(title: str, panels: list) -> str:
    tall = TOP + len(panels) * (HEIGHT + GAP) + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{WIDTH}" height="{tall}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" fill="{INK}">{title}</text>',
    ]
    for place, (label, second, values, limits) in enumerate(panels):
        parts += panel(TOP + place * (HEIGHT + GAP), label, second, values, limits)
    bottom = TOP + len(panels) * (HEIGHT + GAP) + 4
    for hours in range(0, 25, 3):
        at = x_of(seconds(BEGIN) + hours * 3600)
        shown = f"{(BEGIN.hour + hours) % 24:02d}:00"
        parts.append(f'<text x="{at:.0f}" y="{bottom}" text-anchor="middle" fill="{INK}">{shown}</text>')
    return "\n".join([*parts, "</svg>\n"])


def panel(top: int, label: str, second: np.ndarray, values: np.ndarray, limits: list[float]) -> list[str]:
    """The values, the warnings as dashed lines, and the lowest and highest number beside them."""
    least, most = (float(end([*values, *limits])) for end in (min, max))
    least = min(least, 0.0) if least < 0.4 * most else least - 0.1 * (most - least)

    def y_of(value: float) -> float:
        return top + HEIGHT - HEIGHT * (value - least) / (most - least)

    points = " ".join(f"{x_of(at):.1f},{y_of(value):.1f}" for at, value in zip(second, values, strict=True))
    colour = LINE if limits else CHARGE
    dashed = [
        f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{y_of(limit):.1f}" y2="{y_of(limit):.1f}" stroke="{LIMIT}" '
        'stroke-dasharray="4 4"/>'
        for limit in limits
    ]
    edges = [
        f'<text x="{LEFT - 6}" y="{y_of(value) + 4:.1f}" text-anchor="end" fill="{INK}">{value:,.4g}</text>'
        for value in (least, most)
    ]
    return [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH - 16 - LEFT}" height="{HEIGHT}" fill="none" stroke="#d0d7de"/>',
        *dashed, *edges,
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        f'<text x="{LEFT + 6}" y="{top + HEIGHT - 8}" fill="{INK}">{label}</text>',
    ]  # fmt: skip


def x_of(second: float) -> float:
    return LEFT + (WIDTH - 16 - LEFT) * (second - seconds(BEGIN)) / DAY


if __name__ == "__main__":
    main()
