"""A refinery's plan for its next day, in pandas: what lies in its tanks as the day begins, and the best draw from them.

What a plan is made from is gathered by `gold/crude_blend.py`, how tanks mix is in `crude_mixtures`, and which draw is
the best in `blending`.
"""

import numpy as np
import pandas as pd

from domains.refinery.blending import (
    Blend,
    Limits,
    Tanks,
    best_blend,
    mixed_api_gravity,
    mixed_sulfur_pct,
)
from domains.refinery.crude_mixtures import parcels_left
from domains.refinery.measures import for_spark

BLEND = """refinery_id string, refinery_name string, charge_date date, status string, reason string,
    tank_id string, crude_type_id string, crude_name string,
    available_barrels double, tank_barrels double, share_of_tank double, blend_barrels double, blend_share double,
    price_per_barrel double, replacement_cost_per_barrel double, api_gravity double, sulfur_pct double,
    tank_api_gravity double, tank_sulfur_pct double, tank_value_per_barrel double, tank_cost_per_barrel double,
    tank_contents string, known_share double, charge_barrels double, blend_api_gravity double,
    blend_sulfur_pct double, blend_cost_per_barrel double, blend_value_per_barrel double,
    stock_cost_per_barrel double, saving_per_day double, binding_limits string,
    api_min double, api_max double, sulfur_max_pct double"""
NAMES = [part.split()[0] for part in BLEND.split(",")]
OF_REFINERY = (
    *("refinery_id", "refinery_name", "charge_date", "charge_barrels"),
    *("api_min", "api_max", "sulfur_max_pct"),
)
DRAWN_EMPTY = 1e-6  # of what can be drawn, which the solver leaves
GRADE = ["tank_id", "crude_type_id", "crude_name"]


def plan_of_refinery(evenings: pd.DataFrame, parcels: pd.DataFrame) -> pd.DataFrame:
    if evenings.empty:  # parcels of a refinery without a crude unit in service
        return pd.DataFrame(columns=NAMES)
    refinery = evenings.iloc[0]
    limits = Limits(
        *(float(refinery[name]) for name in ("charge_barrels", "api_min", "api_max", "sulfur_max_pct"))
    )
    grades = grades_in_tanks(evenings, parcels)
    why_not = nothing_to_plan(limits, grades, float(refinery["worth"]))
    if why_not is None:
        tanks = quality_of_tanks(grades, refinery)
        margin = (tanks["tank_value_per_barrel"] - tanks["tank_cost_per_barrel"]).to_numpy()
        names = ("available_barrels", "tank_api_gravity", "tank_sulfur_pct")
        usable, api, sulfur = (tanks[name].to_numpy() for name in names)
        blend = best_blend(Tanks(usable, margin, api, sulfur), limits)
        why_not = blend.why_not
    if why_not is not None:
        said = {"status": "INFEASIBLE", "reason": why_not, "tank_id": "none", "crude_type_id": "none"}
        row = {**{name: refinery[name] for name in OF_REFINERY}, **said}
        return pd.DataFrame([row], columns=NAMES, dtype=object)
    return for_spark(as_rows(grades, tanks, blend, refinery, limits))


def grades_in_tanks(evenings: pd.DataFrame, parcels: pd.DataFrame) -> pd.DataFrame:
    """Per tank and grade, as the day begins: its barrels, what of them can be drawn, its quality and what it costs."""
    left = parcels.assign(left=0.0, min_barrels=0.0, known_share=np.nan)
    drawn = {}
    for tank, rows in evenings.dropna(subset=["tank_id"]).groupby("tank_id"):
        days, own = rows.sort_values("measurement_date"), (parcels["tank_id"] == tank).to_numpy()
        first, last = days["measurement_date"].iloc[[0, -1]]
        arrived = own & (parcels["is_delivered"] & parcels["arrival_date"].between(first, last)).to_numpy(
            bool
        )
        place = days["measurement_date"].searchsorted(parcels["arrival_date"][arrived])
        closings, barrels = days["closing_barrels"].to_numpy(float), parcels["barrels"][arrived].to_numpy()
        holds = parcels_left(days["opening_barrels"].iloc[0], closings, place, barrels)
        known = holds.sum() / closings[-1] if closings[-1] > 0 else 0.0
        left.loc[arrived, "left"] = holds / known if known > 0 else 0.0
        left.loc[own, ["min_barrels", "known_share"]] = days["min_barrels"].iloc[-1], known
        drawn[tank] = max(0.0, days["opening_barrels"].iloc[0] + barrels.sum() - closings[-1])
    return as_the_day_begins(left[left["known_share"].notna()], evenings, drawn)


def as_the_day_begins(left: pd.DataFrame, evenings: pd.DataFrame, drawn: dict[str, float]) -> pd.DataFrame:
    """After what is drawn until then, from each tank its usual part, and with what is due until then."""
    day = pd.Timestamp(evenings["charge_date"].iloc[0])
    measured = pd.to_datetime(evenings.groupby("tank_id")["closed_second"].max(), unit="s")
    hours = left["tank_id"].map((day - measured).dt.total_seconds() / 3600)
    part = left["tank_id"].map(drawn) / max(sum(drawn.values()), 1.0)
    in_tank = left.groupby("tank_id")["left"].transform("sum")
    gone = evenings["charge_barrels"].iloc[0] * hours / 24 * part
    stays = (1 - gone / in_tank.where(in_tank > 0)).clip(0, 1).fillna(0)
    arrives = pd.to_datetime(left["arrival_date"])
    until = left["tank_id"].map(measured.dt.normalize())
    is_in = left["is_delivered"] & (arrives <= until)
    is_due = ~is_in & (arrives >= until) & (arrives < day)
    parts = left.assign(in_tank=(left["left"] * stays).where(~is_due, left["barrels"]))
    parts = parts[parts["in_tank"] > 0]
    parts["weight"] = parts["in_tank"] * 141.5 / (parts["api_gravity"] + 131.5)
    for name, by in (
        ("price_per_barrel", "in_tank"),
        ("replacement_cost_per_barrel", "in_tank"),
        ("sulfur_pct", "weight"),
    ):
        parts[name] = parts[name] * parts[by]
    sums = ["in_tank", "weight", "price_per_barrel", "replacement_cost_per_barrel", "sulfur_pct"]
    grades = parts.groupby(GRADE, as_index=False).agg(
        {**dict.fromkeys(sums, "sum"), "min_barrels": "first", "known_share": "first"}
    )
    whole = grades.groupby("tank_id")["in_tank"].transform("sum")
    return grades.assign(
        share_of_tank=grades["in_tank"] / whole,
        available_barrels=grades["in_tank"] * (1 - grades["min_barrels"] / whole).clip(lower=0),
        price_per_barrel=grades["price_per_barrel"] / grades["in_tank"],
        replacement_cost_per_barrel=grades["replacement_cost_per_barrel"] / grades["in_tank"],
        sulfur_pct=grades["sulfur_pct"] / grades["weight"],
        api_gravity=141.5 * grades["in_tank"] / grades["weight"] - 131.5,
    )


def nothing_to_plan(limits: Limits, grades: pd.DataFrame, worth: float) -> str | None:
    if np.isnan([limits.charge, limits.api_min, limits.sulfur_max_pct]).any():
        return "no day's charge of the last week is known"
    if np.isnan(worth):
        return "what it made of its charge is not known"
    return "what lies in its crude tanks is not known" if grades.empty else None


def quality_of_tanks(grades: pd.DataFrame, refinery: pd.Series) -> pd.DataFrame:
    """One row a tank: what can be drawn, its quality, its cost and the worth of its products."""

    def mixed(rows: pd.DataFrame) -> pd.Series:
        barrels, api = rows["in_tank"].to_numpy(), rows["api_gravity"].to_numpy()
        quality = (
            mixed_api_gravity(barrels, api),
            mixed_sulfur_pct(barrels, api, rows["sulfur_pct"].to_numpy()),
        )
        value = refinery["worth"] + np.dot(quality, (refinery["worth_per_api"], refinery["worth_per_sulfur"]))
        return pd.Series(
            {
                "available_barrels": rows["available_barrels"].sum(),
                "tank_api_gravity": quality[0],
                "tank_sulfur_pct": quality[1],
                "tank_value_per_barrel": value,
                "tank_cost_per_barrel": np.average(rows["replacement_cost_per_barrel"], weights=barrels),
                "tank_contents": contents_of(rows),
            }
        )

    rows = {tank: mixed(of_tank) for tank, of_tank in grades.groupby("tank_id")}
    found = pd.DataFrame(rows).T
    return found.astype({name: float for name in found.columns if name != "tank_contents"})


def contents_of(grades: pd.DataFrame) -> str:
    """Such as `Maya 73 %, WTI 27 %`."""
    largest_first = grades.sort_values("share_of_tank", ascending=False)
    pairs = zip(largest_first["crude_name"], largest_first["share_of_tank"], strict=True)
    return ", ".join(f"{name} {part:.0%}".replace("%", " %") for name, part in pairs)


def as_rows(
    grades: pd.DataFrame, tanks: pd.DataFrame, blend: Blend, refinery: pd.Series, limits: Limits
) -> pd.DataFrame:
    usable, value, cost = (
        tanks[name].to_numpy()
        for name in ("available_barrels", "tank_value_per_barrel", "tank_cost_per_barrel")
    )
    api, sulfur = tanks["tank_api_gravity"].to_numpy(), tanks["tank_sulfur_pct"].to_numpy()
    part, alike = blend.barrels / blend.barrels.sum(), usable / usable.sum()
    drawn = grades["tank_id"].map(dict(zip(tanks.index, blend.barrels, strict=True)))
    of_tank = tanks.drop(columns="available_barrels")
    emptied = tanks.index[blend.barrels >= usable * (1 - DRAWN_EMPTY)]
    binding = [*blend.binding, *(f"{tank} drawn empty" for tank in emptied)]
    return (
        grades.join(of_tank, on="tank_id")
        .assign(
            **{name: refinery[name] for name in OF_REFINERY},
            status="OPTIMAL",
            tank_barrels=drawn,
            blend_barrels=drawn * grades["share_of_tank"],
            blend_share=drawn * grades["share_of_tank"] / blend.barrels.sum(),
            blend_api_gravity=mixed_api_gravity(part, api),
            blend_sulfur_pct=mixed_sulfur_pct(part, api, sulfur),
            blend_cost_per_barrel=part @ cost,
            blend_value_per_barrel=part @ value,
            stock_cost_per_barrel=alike @ cost,
            saving_per_day=float(np.dot(part - alike, value - cost)) * limits.charge,
            binding_limits=", ".join(binding) or "none",
        )
        .reindex(columns=NAMES)
    )
