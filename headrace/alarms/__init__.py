"""Alarms worth an operator's attention, told from the readings of a silver table as they come."""
