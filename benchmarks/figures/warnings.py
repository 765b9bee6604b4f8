"""How right early warnings are: generated worlds with their faults, judged anew each midnight.

No Spark: what the tables call is called here with the rows that a world's sources send. A row with a value that silver
sets aside is left out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.lake import DOMAIN
from benchmarks.report import Row
from domains.refinery.gold.early_warnings import DAYS, ORDER, warning_of_unit
from domains.refinery.gold.unit_stands import HEATING_HOURS
from domains.refinery.instruments import COUNTED, days_of
from domains.refinery.run_ups import LIMITS
from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece, blocks_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.sent_rows import as_batch, sent_rows
from simulation.generate.sources import load_sources

SEEDS = (41, 42, 43)
START, SCALE, HOUR, DAY = datetime(2024, 1, 1), 0.006, timedelta(hours=1), timedelta(days=1)
SPAN_DAYS = 42
SOON_HOURS, FIRST_PLACES = 72, 3
TEXTS = ("sensor_id", "reading_id", "measurement_unit")
READ = (*TEXTS, "reading_date", "reading_timestamp", "reading_value")
FLAGS = ("is_high", "is_standing", *COUNTED.values())


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - the same worlds give the same warnings
    found = pd.concat([warnings_of(seed) for seed in SEEDS])
    soon = found[found["fails_in"].between(1, SOON_HOURS) & (found["sign"] != "STANDS")]
    strong = found[found["sign"] == "STRONG"]
    false = strong[~strong["is_in_run_up"]]
    first = (soon["place"] <= FIRST_PLACES) & soon["sign"].isin(["STRONG", "WEAK"])
    units = len(found[["seed", "unit_id"]].drop_duplicates())
    failures = soon.assign(first=first).groupby(["seed", "unit_id"])["first"].any()
    first_said = (
        f"{first.sum()} of {len(soon)} unit-days; {failures.sum()} of {len(failures)} failures at some midnight "
        f"before (seeds {SEEDS})"
    )
    false_said = f"{len(false)} of {len(strong)} ({units} units, {len(found):,} unit-days)"
    named = f"about to fail within {SOON_HOURS} hours, and WEAK or STRONG among the first {FIRST_PLACES}"
    return [
        Row(named, "as it is", first_said, None),
        Row("false ones called STRONG", "none", false_said, not len(false)),
    ]


def warnings_of(seed: int) -> pd.DataFrame:
    """One row for each unit and midnight from the fifteenth day on: its sign and place, and when it really fails."""
    plan = Plan(scale=SCALE, start=START, end=START + SPAN_DAYS * DAY, seed=seed, stride=HOUR)
    contracts = load_contracts(DOMAIN)
    maker = RowMaker(contracts, load_sources(DOMAIN), world_of(plan, contracts))
    hours = production_of(maker)
    levels = levels_of(maker, hours)
    failures = pd.DataFrame(
        {name: np.asarray(found) for name, found in maker.argument("unit_failures").items()}
    )
    rows = pd.concat(
        [
            judged(START + day * DAY - timedelta(minutes=1), levels, hours)
            for day in range(DAYS, SPAN_DAYS + 1)
        ],
        ignore_index=True,
    )
    return with_truth(rows, failures).assign(seed=seed)


def sent(maker: RowMaker, table: str, senders: str, first: datetime, last: datetime) -> pd.DataFrame:
    """Good rows, the first of each key."""
    contract = maker.contracts[table]
    piece = Piece(first, last, 0, maker.world.counts[senders], contract.arrives.times)
    parts = int(np.diff(blocks_of(piece))[0]) if table == "sensor_readings" else 1
    index, part = np.repeat(np.arange(piece.high), parts), np.tile(np.arange(parts), piece.high)
    rows = sent_rows(maker, Chunk(table, piece, first == START), (index, part))
    found = as_batch(rows, contract, named=False).to_pandas()
    required = [name for name, spec in contract.columns.items() if spec.required]
    is_good = found["_raw"].isna() & found[required].notna().all(axis=1)
    return found[is_good].drop_duplicates(contract.key).reset_index(drop=True)


def production_of(maker: RowMaker) -> pd.DataFrame:
    rows = sent(maker, "production_output", "processing_units", START, START + SPAN_DAYS * DAY)
    rows = rows[rows["downtime_minutes"].between(0, 60) & rows["input_volume_barrels"].between(0, 50_000)]
    return rows.assign(
        production_hour=rows["production_hour"].dt.tz_localize(None),
        charge=rows["input_volume_barrels"].astype(float),
        stands=(rows["downtime_minutes"] > 0) | (rows["input_volume_barrels"] == 0),
    )


def levels_of(maker: RowMaker, hours: pd.DataFrame) -> pd.DataFrame:
    sensors = maker.argument("sensors")
    names = ("sensor_id", "sensor_type", "measurement_unit", *LIMITS)
    known = pd.DataFrame({name: np.asarray(sensors[name]) for name in (*names, "is_active")})
    known = known[known["is_active"]].drop(columns="is_active")
    stood = hours.loc[hours["stands"], ["unit_id", "production_hour"]]
    cool = {
        (unit, at + ahead * HOUR)
        for unit, at in stood.itertuples(index=False)
        for ahead in range(HEATING_HOURS + 1)
    }
    found = pd.concat(list(days_of_world(maker, known, cool)), ignore_index=True)
    return found.merge(known, on="sensor_id")


def days_of_world(
    maker: RowMaker, known: pd.DataFrame, cool: set[tuple[str, datetime]]
) -> Iterator[pd.DataFrame]:
    units = known.set_index("sensor_id")["measurement_unit"]
    for week in range(0, SPAN_DAYS, 7):
        begin = START + week * DAY
        rows = sent(maker, "sensor_readings", "sensors", begin, begin + 7 * DAY)
        rows = rows[rows["sensor_id"].isin(units.index)]
        at = rows["reading_timestamp"].dt.tz_localize(None)
        hour = zip(rows["unit_id"], at.dt.floor("h").dt.to_pydatetime(), strict=True)
        rows = rows.assign(
            reading_date=at.dt.date,
            measurement_unit=rows["sensor_id"].map(units),
            **{name: False for name in FLAGS if name not in rows},
        )
        rows["is_standing"] = [each in cool for each in hour]
        rows["is_bad"], rows["is_uncertain"] = (
            rows["reading_quality"] == kind for kind in ("BAD", "UNCERTAIN")
        )
        unit_of = rows.drop_duplicates("sensor_id").set_index("sensor_id")["unit_id"]
        for _, day in rows.groupby("reading_date"):
            table = pa.Table.from_pandas(day[[*READ, *FLAGS]], preserve_index=False)
            texts = [pa.field(f.name, pa.string() if f.name in TEXTS else f.type) for f in table.schema]
            made = days_of(table.cast(pa.schema(texts))).select(
                ["sensor_id", "reading_date", "quarter_levels"]
            )
            found = made.to_pandas()
            yield found.assign(unit_id=found["sensor_id"].map(unit_of))


def judged(as_of: datetime, levels: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    ago = (pd.Timestamp(as_of.date()) - pd.to_datetime(levels["reading_date"])).dt.days
    days = levels.assign(days_ago=ago, newest=as_of.hour // 6)[ago.between(0, DAYS - 1)]
    since = (as_of - hours["production_hour"]).dt.total_seconds() / 3600
    recent = dict(list(hours.assign(hours_ago=since)[since.between(0, 24 * DAYS)].groupby("unit_id")))
    rows = [warning_of_unit(of_unit, recent.get(unit, hours.head(0).assign(hours_ago=0.0)))
            for unit, of_unit in days.groupby("unit_id")]  # fmt: skip
    found = pd.concat(rows, ignore_index=True)
    rank = found["sign"].map(ORDER.index)
    order = found.assign(rank=rank, hours=pd.to_numeric(found["hours_to_critical"]))
    order = order.sort_values(["rank", "hours"], na_position="last")
    return order[["unit_id", "sign"]].assign(place=np.arange(1, len(order) + 1), as_of=as_of)


def with_truth(rows: pd.DataFrame, failures: pd.DataFrame) -> pd.DataFrame:
    """`fails_in`: hours to the next failure; `is_in_run_up`: whether that has begun, or it has just failed."""
    fails_in, is_in_run_up = [], []
    for unit, as_of in zip(rows["unit_id"], rows["as_of"], strict=True):
        own = failures[failures["unit_id"] == unit]
        ahead = (own["failed_at"] - as_of).dt.total_seconds() / 3600
        fails_in.append(ahead[ahead > 0].min() if (ahead > 0).any() else np.nan)
        is_in_run_up.append(bool(((own["run_up_from"] <= as_of) & (own["back_at"] > as_of)).any()))
    return rows.assign(fails_in=fails_in, is_in_run_up=is_in_run_up)
