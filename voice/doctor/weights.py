"""The models that the profile names, and the speech rendered from its voice."""

from collections.abc import Iterator

from voice import modelstore
from voice.config import Settings
from voice.doctor.report import Finding
from voice.modelstore.bundle import SPEECH
from voice.modelstore.cache import COMMAND, finish_import, problems
from voice.modelstore.files import megabytes


def check(settings: Settings, deep: bool) -> Iterator[Finding]:
    """Look at each model's files; `deep` also compares checksums."""
    cache = settings.cache_dir()
    finish_import(cache)
    for entry in modelstore.load().needed(settings):
        found = problems(entry, cache, deep)
        if found:
            advice = f"Fetch the models: {COMMAND} fetch, or from a stick: {COMMAND} import SRC"
            if deep:
                advice = f"Repair the model: {COMMAND} fetch {entry.name}"
            detail = f"{entry.name}: {'; '.join(found)}"
            yield Finding("models", entry.role, "missing", detail, advice)
        else:
            looked = ", checksums compared" if deep else ""
            detail = f"{entry.name}, {megabytes(entry.bytes)}{looked}"
            yield Finding("models", entry.role, "ok", detail)
    lines = sum(1 for _ in (cache / SPEECH).glob("*.wav"))
    yield (
        Finding("models", "speech", "ok", f"{lines} sentences rendered ahead of time")
        if lines
        else Finding(
            "models",
            "speech",
            "note",
            "no sentence is rendered ahead of time",
            f"Have the fixed lines spoken at once: {COMMAND} render",
        )
    )
