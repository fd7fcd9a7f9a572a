"""Offline voice assistant for rescuers: hears an emergency, speaks the next action."""

import os

__version__ = "0.1.0"

# numpy's matrix threads wait by spinning: beside busy engines one thread is thirty times faster
# than two. Read when numpy is first imported, so it has to stand here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# onnxruntime reports to its maker over the network unless told not to before it is imported, here
# and in the workers, which inherit this.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
