"""The whole used-by path on this machine: `python -m rehearsal.cloud`."""
