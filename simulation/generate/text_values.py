"""Plausible text for columns whose names say what they hold."""

import numpy as np

from simulation.arrays import Array
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


def text_for(name: str, salt: str, world: World, who: tuple[Array, ...]) -> Array:
    def one_of(words: tuple[str, ...], part: str = "") -> Array:
        return world.choice(f"{salt} {part}", *who, values=words)

    if "address" in name:
        number = world.integer(f"{salt} number", *who, low=1, high=999).astype(str)
        return joined(number, one_of(STREETS))
    if "city" in name:
        return one_of(CITIES)
    if name == "state" or name.endswith("_state"):
        return one_of(STATES)
    if "zip" in name:
        return np.char.zfill(world.integer(salt, *who, low=501, high=99_950).astype(str), 5)
    if "first_name" in name:
        return one_of(FIRST_NAMES)
    if "last_name" in name:
        return one_of(LAST_NAMES)
    if name == "name" or name.endswith("_name"):
        return joined(one_of(FIRST_NAMES, "first"), one_of(LAST_NAMES, "last"))
    return joined(one_of(WORDS, "first"), one_of(WORDS, "second"))


def joined(left: Array, right: Array) -> Array:
    return np.char.add(np.char.add(left, " "), right)
