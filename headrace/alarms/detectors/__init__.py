"""What each finds in the readings, one module a kind; a detector is all arrays, one place a sender (or a group)."""
