"""The ways of writing a table, one module each. `way_of` in `way` finds the one that a table declares."""
