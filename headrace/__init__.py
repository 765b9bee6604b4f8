"""The library: how the lakehouse works, for any sector and under any orchestrator."""

import os

# Arrow reads this when it is first loaded. Its own pool would keep for good what the largest batch once needed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
