"""Models and rendered speech: list, fetch, verify, export and import them, render speech, convert
a LoRA adapter.

Only `fetch` uses the network. Without names a command means the models of the profile.
"""

import argparse
from pathlib import Path

import msgspec

from voice.cli import options, render
from voice.config import Settings
from voice.errors import UserError
from voice.modelstore import Catalogue, ModelEntry, catalogue, load, opens
from voice.modelstore.cache import COMMAND, finish_import, problems
from voice.modelstore.files import megabytes
from voice.modelstore.progress import Progress


class Row(msgspec.Struct, frozen=True):
    """One model in `models list --json`."""

    role: str
    name: str
    path: str
    """What an engine opens: a directory or a file."""
    ok: bool
    needed: bool
    """Whether the profile names it."""
    bytes: int
    licence: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = commands.add_parser("list", help="all models of the catalogue and what is here")
    listing.add_argument("--json", action="store_true", help="one JSON array")
    listing.set_defaults(run=_list)

    fetching = commands.add_parser("fetch", help="bring models here; the only use of the network")
    _add_names(fetching)
    fetching.set_defaults(run=_fetch)

    verifying = commands.add_parser("verify", help="compare sizes and checksums")
    _add_names(verifying)
    verifying.add_argument("--quick", action="store_true", help="sizes only")
    verifying.set_defaults(run=_verify)

    exporting = commands.add_parser("export", help="write a bundle for a USB stick")
    exporting.add_argument("destination", type=Path, metavar="DEST", help="new folder, or FILE.tar")
    _add_names(exporting)
    exporting.set_defaults(run=_export)

    importing = commands.add_parser("import", help="take a bundle or a folder of model files")
    importing.add_argument("source", type=Path, metavar="SRC", nargs="?")
    importing.add_argument(
        "--rollback", action="store_true", help="bring back what the last import replaced"
    )
    importing.set_defaults(run=_import)

    rendering = commands.add_parser("render", help="render fixed lines of speech ahead of time")
    render.configure(rendering)
    rendering.set_defaults(run=render.main)

    converting = commands.add_parser(
        "convert-adapter", help="make a GGUF adapter of a LoRA in PEFT format"
    )
    converting.add_argument(
        "folder",
        type=Path,
        metavar="PEFT_DIR",
        help="with adapter_config.json and adapter_model.safetensors",
    )
    converting.add_argument(
        "--base",
        required=True,
        metavar="GGUF",
        help="the model that it was trained on: a file, or a name of the catalogue",
    )
    converting.add_argument("--output", type=Path, required=True, metavar="FILE.gguf")
    converting.set_defaults(run=_convert_adapter)

    for command in commands.choices.values():
        options.add_settings(command)


def main(args: argparse.Namespace) -> int:
    """Run one subcommand."""
    return int(args.run(args))


def _add_names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="models of the catalogue")
    parser.add_argument("--all", action="store_true", help="every model of the catalogue")


def _chosen(
    args: argparse.Namespace, settings: Settings, models: Catalogue
) -> tuple[ModelEntry, ...]:
    if args.all and args.names:
        raise UserError("name models or say --all, not both")
    if args.all:
        return models.models
    if args.names:
        return tuple(models.entry(name) for name in dict.fromkeys(args.names))
    return models.needed(settings)


def _list(args: argparse.Namespace) -> int:
    settings, models = options.settings(args), load()
    cache, needed = settings.cache_dir(), models.needed(settings)
    finish_import(cache)
    rows = [
        Row(
            role=entry.role,
            name=entry.name,
            path=str(cache / entry.name / entry.opens),
            ok=not problems(entry, cache),
            needed=entry in needed,
            bytes=entry.bytes,
            licence=entry.licence,
        )
        for entry in sorted(models.models, key=lambda entry: entry not in needed)
    ]
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        state = "ok" if row.ok else "missing" if row.needed else "-"
        size = megabytes(row.bytes)
        print(f"{row.role:9}  {row.name:{width}}  {size:>8}  {state:7}  {row.path}")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from voice.modelstore import fetch

    settings, models = options.settings(args), load()
    # Naming a model asks for it to be right, not merely there: checksums are compared.
    fetch.fetch(
        _chosen(args, settings, models), settings.cache_dir(), Progress(), deep=bool(args.names)
    )
    _prepare(settings)
    return 0


def _prepare(settings: Settings) -> None:
    """Have the sentence embedding read the protocols now, so that no emergency waits for it."""
    from voice.dialogue import content

    content.load(settings).prepare()


def _verify(args: argparse.Namespace) -> int:
    settings, models = options.settings(args), load()
    cache, damaged = settings.cache_dir(), []
    finish_import(cache)
    for entry in _chosen(args, settings, models):
        found = problems(entry, cache, deep=not args.quick)
        print(f"{entry.name}: {'; '.join(found) or 'ok'}")
        if found:
            damaged.append(entry.name)
    if damaged:
        print(f"repair with: {COMMAND} fetch {' '.join(damaged)}")
        return 3
    return 0


def _export(args: argparse.Namespace) -> int:
    from voice.modelstore import bundle_export

    settings, models = options.settings(args), load()
    entries = _chosen(args, settings, models)
    manifest = bundle_export.export(
        entries, settings.cache_dir(), args.destination, models, Progress()
    )
    size = megabytes(sum(file.bytes for file in manifest.files))
    print(f"{args.destination}: {', '.join(manifest.models)}; {len(manifest.files)} files, {size}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from voice.modelstore import bundle_import

    cache = options.settings(args).cache_dir()
    if args.rollback == bool(args.source):
        raise UserError("models import takes a bundle, or --rollback without one")
    if args.rollback:
        plan = bundle_import.rollback(cache, Progress())
        print(f"restored: {_names(plan.install)}; taken away: {_names(plan.remove)}")
        return 0
    found = bundle_import.import_bundle(args.source, cache, load(), Progress())
    _prepare(options.settings(args))
    print(f"imported: {_names(found.models)}; {found.speech_files} files of rendered speech")
    if found.protocols == "same":
        print("protocols: the bundle's are this program's")
    elif found.protocols == "different":
        print("protocols: the bundle's differ from this program's and were not installed;")
        print("  protocols come with the program: update it to get others")
    print("what was here before is kept until the next import; to bring it back:")
    print(f"  {COMMAND} import --rollback")
    return 0


def _convert_adapter(args: argparse.Namespace) -> int:
    from voice.engines import gguf_peft

    base = Path(args.base)
    if not catalogue.is_file(args.base):
        base = opens(args.base, options.settings(args).cache_dir())
    made = gguf_peft.convert(args.folder, base, args.output)
    print(
        f"{args.output}: {made.weights} weights of {base.name} ({made.architecture}),"
        f" rank {made.rank}, alpha {made.alpha:g}"
    )
    if made.left_out:
        print(f"  left out: {made.left_out} halves for images and sound, which are not used here")
    print(f"use it with: --set llm.model={args.base} --set llm.adapter={args.output.resolve()}")
    return 0


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
