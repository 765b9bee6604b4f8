"""What people type: one module a command.

Python writes byte code here even where PYTHONDONTWRITEBYTECODE is set, as containers set it: else every command, and
every process that it starts, compiles all that it imports.
"""

import gc
import os
import sys

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False
gc.set_threshold(100_000)  # by default Python looks for garbage again and again while modules are imported
