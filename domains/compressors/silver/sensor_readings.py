"""What the instruments say, each reading once, with the machine as it was then.

A signal that is missing stays empty, and the others of the reading are kept: its scan fails where more than one in
twenty is missing. What is far from what the machine did before is judged in gold (`sensor_features`), which sees the
past.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table, with_version_at

TABLE = Table(
    key=("compressor_id", "timestamp"),
    event_time="timestamp",
    partition="reading_date",
    cluster=("compressor_id", "timestamp"),
    write=Append(),
    description="Readings of each machine every ten minutes: vibration, temperature, pressures, power and flow.",
)

STANDS_BELOW, STANDS_BELOW_MCF = 0.05, 100.0  # of the rated power; where it is missing, by the flow


def sensor_readings(bronze_sensor_readings: DataFrame, compressor_metadata: DataFrame) -> DataFrame:
    return bronze_sensor_readings.transform(
        with_version_at,
        compressor_metadata,
        on="compressor_id",
        at="timestamp",
        take=("station_id", "model", "rated_horsepower"),
    ).select(
        "*",
        (F.col("discharge_pressure_psi") - F.col("suction_pressure_psi")).alias("pressure_differential"),
        F.coalesce(
            F.col("horsepower_consumption") >= STANDS_BELOW * F.col("rated_horsepower"),
            F.col("gas_flow_mcf") > STANDS_BELOW_MCF,
        ).alias("is_running"),
        F.to_date("timestamp").alias("reading_date"),
    )
