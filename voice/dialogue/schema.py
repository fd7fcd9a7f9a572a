"""The JSON Schema of a protocol file.

`python -m voice.dialogue.schema > docs/protocol.schema.json` writes it anew. Editors that know it
complete and check a protocol while it is written.
"""

import json
import sys

import msgspec

from voice.dialogue.protocol import Protocol


def schema() -> str:
    """The schema as JSON text."""
    found = msgspec.json.schema(Protocol)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
