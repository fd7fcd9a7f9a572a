"""The model store: catalogue, cache, fetch, verify, and bundles on a USB stick.

The run time uses only `locate`, `opens` and the catalogue: local paths, no network. Workers are
started with `HF_HUB_OFFLINE=1` so that no engine's package goes looking either.
"""

from voice.modelstore.cache import locate, opens
from voice.modelstore.catalogue import Catalogue, ModelEntry, load

__all__ = ["Catalogue", "ModelEntry", "load", "locate", "opens"]
