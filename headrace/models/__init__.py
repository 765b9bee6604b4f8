"""Remaining life and failures of machines, from the histories of their sensors. Knows no table and no sector: arrays
and frames come in, predictions go out."""
