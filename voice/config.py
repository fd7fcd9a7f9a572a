"""One typed settings tree: defaults < profile file < environment < command-line flags.

Environment variables are named `RESCUE_VOICE_<SECTION>_<OPTION>`, for example
`RESCUE_VOICE_LLM_THREADS=1`; `--set section.option=value` is the flag of the same meaning.
Unknown sections, options and wrong types are refused with one line.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import msgspec
from msgspec import Meta

from voice.errors import UserError

ENV_PREFIX = "RESCUE_VOICE_"
ROOT = Path(__file__).resolve().parent.parent
"""Where configs/ and models/ lie in a checkout."""

Count = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Seconds = Annotated[float, Meta(gt=0, le=600)]
Scale = Annotated[float, Meta(gt=0, le=4)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Audio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sound devices."""

    input_device: str = ""
    """Name or part of it; empty: the system's default microphone."""
    output_device: str = ""
    output_rate: Literal[16_000, 32_000, 48_000, 96_000] = 48_000
    """Hz of the mixer; devices of another rate are resampled."""
    ahead_ms: Annotated[int, Meta(ge=10, le=500)] = 80
    """How far the mixer renders ahead of the device, which may ask for several blocks at once."""
    duplex: Literal["full", "half"] = "full"
    """`half`: what is heard while we speak is only searched for commands such as "stop"."""
    echo_cancel: bool = True
    """Take the assistant's own voice out of the microphone; off where a headset does it."""
    lead_in_ms: Annotated[int, Meta(ge=0, le=2000)] = 0
    """Faint noise before speech after a pause, for wireless speakers that swallow its beginning."""
    noise_gain_db: Annotated[float, Meta(ge=0, le=18)] = 9.0
    """How much louder the output may get in noise; 0: always the same."""
    mute_alarm_s: Annotated[float, Meta(ge=0, le=600)] = 5.0
    """Digital silence after which a microphone is taken for muted; 0: never."""
    tones: Literal["auto", "all", "alarms", "off"] = "auto"
    """`alarms`: microphone lost, back; `all`: also heard, not understood; `auto`: live all."""


class Listening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Voice activity and end of turn."""

    vad_threshold: Share = 0.5
    preroll_ms: Milliseconds = 500
    soft_end_ms: Milliseconds = 128
    """Silence after which recognition starts on what was said so far."""
    commit_command_ms: Milliseconds = 128
    """Silence that ends a turn whose words are a whole command or answer."""
    commit_sentence_ms: Milliseconds = 480
    """Silence that ends a turn whose words are a complete sentence."""
    commit_open_ms: Milliseconds = 900
    """Silence that ends a turn whose words seem unfinished."""
    reopen_ms: Milliseconds = 1000
    """Speech that resumes within this time after a commit belongs to the same turn."""
    max_utterance_s: Annotated[float, Meta(ge=2, le=28)] = 24.0
    min_voiced_ms: Milliseconds = 160
    """Less voiced sound than this is a click or a breath."""
    min_voiced_over_ms: Milliseconds = 96
    """The same over our own voice, of which a word's beginning may be lost in the echo."""
    partial_ms: Milliseconds = 640
    """Time between two looks at speech that goes on."""
    glance_ms: Milliseconds = 96
    """Silence after which a short utterance is glanced at for "stop" while we speak or work."""
    hold_ms: Milliseconds = 2000
    """Silence after which our voice goes on, though nobody knows yet what was said into it."""
    echo_tail_ms: Milliseconds = 300
    """How long a room goes on sounding after our voice."""
    reaction_ms: Milliseconds = 250
    """Speech this long after a reply became audible answers it and reopens nothing."""
    backup_ms: Milliseconds = 2500
    """Recognition later than this is asked of the tiny recogniser as well."""
    min_confidence: Share = 0.3
    """Transcripts below are asked again instead of acted on."""


class Stt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Speech recognition: `model` for committed turns, `tiny` for partials and commands."""

    model: str = "whisper-base"
    tiny: str = "whisper-tiny.en"
    adapter_scale: Share = 1.0
    """Share of the change by our own adapter for `model` (models/adapters), if any; 0: none."""
    threads: Count = 2
    tiny_threads: Count = 1
    deadline_s: Seconds = 8.0


class Llm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The language model, for side questions only."""

    model: str = "gemma-3-270m"
    """Catalogue name, or path of a GGUF file; empty: no language model, passages are spoken."""
    template: Literal["", "completion", "gemma-chat"] = ""
    """How the model is asked; empty: as the catalogue says, or a file's own chat template."""
    adapter: str = ""
    """Path or catalogue name of a LoRA adapter in GGUF format."""
    adapter_scale: Annotated[float, Meta(ge=0, le=4)] = 1.0
    """Share of the adapter's change that is applied; 1: as trained."""
    context: Annotated[int, Meta(ge=256)] = 2048
    """Tokens."""
    threads: Count = 1
    gpu_layers: Annotated[int, Meta(ge=0)] = 0
    """Layers computed on the GPU; more than there are means all."""
    flash_attention: bool = True
    """Attention without the matrix of scores: less memory, seldom slower."""
    swa_full: bool = True
    """Keys and values of every position also in layers with a sliding window; without them the
    fixed part of the prompts is read again at each question."""
    first_sentence_s: Seconds = 1.0
    """The passage is spoken when the first sentence comes later than this after the last word."""


class Tts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Speech synthesis."""

    voice: str = "en_US-joe-medium"
    threads: Count = 1
    length_scale: Scale = 1.0
    """Longer is slower."""
    deadline_s: Seconds = 6.0
    keep: bool = True
    """Keep the sound of fixed words that had to be made in a conversation."""


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is spoken."""

    language: Literal["en"] = "en"
    region: str = "eu"
    """Key in content/en/regions.yaml: emergency number and regional differences."""
    require_signed: bool = False
    """True: protocols that no clinician has signed as they are now are not used."""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Side questions."""

    drafts: bool = False
    """Whether the model may draft steps where no protocol fits; only those that the catalogue
    calls large enough, and never where signatures are required."""
    drafts_force: bool = False
    """For tests: whatever the model."""
    draft_s: Seconds = 12.0
    """A draft that comes later than this after the last word is not used."""


class Triage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Finding the protocol for what is said."""

    embedding: str = "all-MiniLM-L6-v2"
    """Catalogue name of the sentence embedding; empty: by words and concepts alone."""


class Governor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a machine that has become slow is asked for less."""

    slow_s: Seconds = 2.0
    """Recognition of turns slower than this: step down."""
    fine_s: Seconds = 1.0
    """Recognition that would be quicker than this one step up: step up."""
    hold_s: Seconds = 60.0
    """A step holds at least so long before the next one up; doubled when that was too early."""


class Keyboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where keys are pressed; what they do stands in [keys]."""

    devices: str = "/dev/input/event*"
    """Input devices whose keys of [keys] count; a pattern of paths."""
    terminal: bool = True
    """Whether single keys typed in the terminal of a live run are commands."""


class Kiosk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A screen for everybody: `run_assistant.py kiosk`."""

    place: str = ""
    """Where this kiosk is, as one would say it."""
    tell: str = ""
    """What to tell the emergency services about the way here."""
    number: str = ""
    """The number to call; empty: the region's."""
    host: str = "127.0.0.1"
    """Where the page is served; anything else than this machine needs `--remote` and a token."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8765
    """0: any free one."""
    names: str = ""
    """Names under which other machines may open the page, separated by blanks."""
    token: str = ""
    """What a page on another machine has to know; at least 16 letters."""
    silence_s: Annotated[float, Meta(ge=0, le=3600)] = 120.0
    """Without a sign of anybody, before "Are you still there?"; 0: never."""
    beat_silence_s: Annotated[float, Meta(ge=0, le=7200)] = 900.0
    """The same while the beat of the compressions sounds."""
    answer_s: Seconds = 30.0
    """For an answer, before everything is forgotten."""
    keep_handover_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """How long what was noted for the crew is kept in files; 0: in none."""
    state: str = ""
    """Folder of what outlives a power cut; empty: systemd's, or ~/.local/state/rescue-voice."""
    selftest_at: Annotated[str, Meta(pattern="^(|([01][0-9]|2[0-3]):[0-5][0-9])$")] = "11:00"
    """Time of day of the daily self-test; empty: at the start alone."""
    selftest_sound: bool = True
    """Whether it plays chirps and listens for them."""
    theme: Literal["dark", "bright"] = "dark"
    text_size: Literal["normal", "large", "huge"] = "normal"


class Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights lie."""

    cache: str = "models/cache"
    """Relative paths are relative to the project's folder."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole tree; see each section."""

    audio: Audio = Audio()
    listening: Listening = Listening()
    stt: Stt = Stt()
    llm: Llm = Llm()
    tts: Tts = Tts()
    content: Content = Content()
    answers: Answers = Answers()
    triage: Triage = Triage()
    governor: Governor = Governor()
    keyboard: Keyboard = Keyboard()
    keys: dict[str, str] = {}
    """Command to keys, e.g. next = "KEY_PAGEDOWN"; several keys are separated by blanks."""
    kiosk: Kiosk = Kiosk()
    models: Models = Models()

    def cache_dir(self) -> Path:
        """The model cache as an absolute path."""
        return located(self.models.cache)


def located(path: str) -> Path:
    """A path of the settings as an absolute one; relative ones begin at the project's folder."""
    return (ROOT / Path(path).expanduser()).resolve()


def load(
    file: Path | None = None,
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the profile and lay the environment and `section.option=value` overrides over it."""
    tree = _read_toml(file) if file else {}
    where = str(file) if file else "settings"
    for name, value in environment.items():
        if name.startswith(ENV_PREFIX):
            section, _, option = name[len(ENV_PREFIX) :].lower().partition("_")
            _put(tree, section, option, value, name)
    for item in overrides:
        key, separator, value = item.partition("=")
        section, dot, option = key.partition(".")
        if not (separator and dot):
            raise UserError(f"--set {item}: write section.option=value, e.g. llm.threads=1")
        _put(tree, section, option, value, f"--set {item}")
    try:
        return msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        raise UserError(f"{where}: {error}; see configs/laptop.toml for every option") from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise UserError(f"cannot read the configuration {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not valid TOML: {error}") from None


def _put(tree: dict[str, Any], section: str, option: str, text: str, where: str) -> None:
    """Set one option from text, with the type that the tree declares for it."""
    sections = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    if section not in sections:
        raise UserError(f"{where}: no section '{section}'; there are {', '.join(sections)}")
    if get_origin(sections[section]) is dict:
        tree.setdefault(section, {})[option.replace("_", "-")] = text
        return
    options = {field.name: field.type for field in msgspec.structs.fields(sections[section])}
    if option not in options:
        raise UserError(
            f"{where}: no option '{option}' in [{section}]; there are {', '.join(options)}"
        )
    try:
        value = msgspec.convert(text, options[option], strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"{where}: {error}") from None
    tree.setdefault(section, {})[option] = value
