"""What moves: a topic into the tables, until it is told to stop."""
