"""The standing job: topics and dropped files into the tables, until it is told to stop."""
