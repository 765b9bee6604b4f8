"""Refineries around the seed's cities. The first one always runs, so that the smallest world is not idle."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.plant import id_of
from domains.refinery.world.reference import at, numbers, rows_of, texts
from simulation.random_draws import World

RUNNING = 0.95


def refineries(row_index: DataFrame, world: World) -> DataFrame:
    number = F.col("_index").cast("long")
    city = world.integer("city", number, low=0, high=len(rows_of("cities")) - 1)
    name = at(texts("cities", "location_city"), city)
    letter = F.char((65 + number % 26).cast("int"))

    def near(column: str) -> Column:
        return F.round(
            at(numbers("cities", column), city) + world.uniform(column, number, low=-0.25, high=0.25), 4
        )

    return row_index.withColumns(
        {
            "refinery_id": id_of("REF", number, 3),
            "refinery_name": F.concat(name, F.lit(" Refinery "), letter),
            "location_city": name,
            "location_state": at(texts("cities", "location_state"), city),
            "location_country": at(texts("cities", "location_country"), city),
            "latitude": near("latitude"),
            "longitude": near("longitude"),
            "is_active": world.happens("refinery runs", number, rate=RUNNING) | (number == 0),
        }
    )
