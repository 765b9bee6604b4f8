"""Plausible text for columns whose names say what they hold."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from simulation.random_draws import World

FIRST_NAMES = (
    "Ada",
    "Amir",
    "Bea",
    "Chen",
    "Diego",
    "Elif",
    "Femi",
    "Grace",
    "Hana",
    "Ivan",
    "Jonas",
    "Kofi",
)
LAST_NAMES = ("Abara", "Berg", "Costa", "Diaz", "Evans", "Fischer", "Gupta", "Haas", "Ito", "Jensen", "Khan")
STREETS = (
    "Bridge Street",
    "Canal Road",
    "Harbour Lane",
    "High Street",
    "Mill Road",
    "Park Avenue",
    "Station Way",
)
CITIES = (
    "Antwerp",
    "Austin",
    "Bergen",
    "Busan",
    "Denver",
    "Durban",
    "Gdansk",
    "Lima",
    "Lyon",
    "Osaka",
    "Porto",
)
STATES = ("AZ", "CA", "CO", "FL", "GA", "IL", "MI", "NY", "OH", "PA", "TX", "WA")
WORDS = (
    "Amber",
    "Basalt",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Garnet",
    "Harbor",
    "Indigo",
    "Juniper",
    "Larch",
)


def text_for(name: str, salt: str, world: World, who: tuple[str, ...]) -> Column:
    def one_of(words: tuple[str, ...], part: str = "") -> Column:
        return world.choice(f"{salt} {part}", *who, values=words)

    if "address" in name:
        number = world.integer(f"{salt} number", *who, low=1, high=999).cast("string")
        return F.concat_ws(" ", number, one_of(STREETS))
    if "city" in name:
        return one_of(CITIES)
    if name == "state" or name.endswith("_state"):
        return one_of(STATES)
    if "zip" in name:
        return F.lpad(world.integer(salt, *who, low=501, high=99_950).cast("string"), 5, "0")
    if "first_name" in name:
        return one_of(FIRST_NAMES)
    if "last_name" in name:
        return one_of(LAST_NAMES)
    if name == "name" or name.endswith("_name"):
        return F.concat_ws(" ", one_of(FIRST_NAMES, "first"), one_of(LAST_NAMES, "last"))
    return F.concat_ws(" ", one_of(WORDS, "first"), one_of(WORDS, "second"))
