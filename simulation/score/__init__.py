"""Compares what the pipeline found with what the generator planted. The only reader of the truth."""

from simulation.score.scoring import KindScore, score

__all__ = ["KindScore", "score"]
