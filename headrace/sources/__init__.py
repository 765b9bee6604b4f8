"""One module a way of arriving: each source yields batches of rows for a bronze table."""
