"""List, show and check the protocols, the reviewed data that is spoken word for word."""

import argparse
from pathlib import Path

from voice.cli import options
from voice.errors import UserError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="one line a protocol, its slug first")
    showing = commands.add_parser("show", help="every line that a protocol can speak, one a line")
    showing.add_argument("slug", metavar="SLUG")
    checking = commands.add_parser("check", help="prove what can be proved about protocols")
    checking.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all")
    for command, run in ((listing, _list), (showing, _show), (checking, _check)):
        command.set_defaults(run=run)
        options.add_settings(command)


def main(args: argparse.Namespace) -> int:
    """Run one subcommand."""
    return int(args.run(args))


def _list(args: argparse.Namespace) -> int:
    from voice.dialogue import content

    for slug, protocol in sorted(content.load(options.settings(args)).protocols.items()):
        print(f"{slug:24}{protocol.urgency:10}{protocol.status:8}{protocol.title}")
    return 0


def _show(args: argparse.Namespace) -> int:
    from voice.dialogue import content

    loaded = content.load(options.settings(args))
    protocol = loaded.protocols.get(args.slug)
    if protocol is None:
        known = ", ".join(sorted(loaded.protocols))
        raise UserError(f"no protocol '{args.slug}'; there are {known}")
    for line in dict.fromkeys(map(loaded.say, protocol.lines())):
        print(line)
    return 0


def _check(args: argparse.Namespace) -> int:
    from voice.dialogue import checks, content

    # Files that do not even load are reported one by one; the others are the collection.
    settings = options.settings(args)
    files = args.files or sorted(content.folder(settings).joinpath("protocols").glob("*.yaml"))
    loaded = content.load(settings, lenient=True)
    mistakes = [mistake for file in files for mistake in checks.check(file, loaded)]
    for mistake in mistakes:
        print(mistake)
    print(f"{len(files)} protocols checked, {len(mistakes)} mistakes")
    return 2 if mistakes else 0
