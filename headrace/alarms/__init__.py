"""Alarms worth an operator's attention, found in the readings of a silver table as they come."""
