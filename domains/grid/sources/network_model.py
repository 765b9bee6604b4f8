"""What the planners know of the network below each transformer."""

from typing import Any

from domains.grid.world import network
from domains.grid.world.transformers import transformers_at
from simulation.arrays import Columns
from simulation.random_draws import World


def network_model(rows: Columns, world: World) -> dict[str, Any]:
    built = transformers_at(world, rows["_index"])
    return {
        "transformer_id": network.transformer_ids(built.index),
        "grid_zone": network.zone_names(network.zone_of(built.index)),
        "metered_share": built.share,
        "no_load_loss_kw": built.no_load,
        "full_load_loss_fraction": built.full_load,
    }
