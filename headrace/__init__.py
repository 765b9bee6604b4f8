"""The library: how the lakehouse works, for any sector and under any orchestrator."""
