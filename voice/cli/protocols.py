"""List, show, check, review and sign the protocols: the data that is spoken word for word."""

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voice.cli import options
from voice.errors import UserError

if TYPE_CHECKING:
    from voice.dialogue.content import Content

REVIEWS = Path("out", "review")
_LEAST_HASH = 8
"""Digits of the content hash that tell two texts apart."""
_LONGEST_NAME = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="one line a protocol: slug, urgency, status, title")
    showing = commands.add_parser("show", help="every line that a protocol can speak, one a line")
    checking = commands.add_parser("check", help="prove what can be proved about protocols")
    checking.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all")
    reviewing = commands.add_parser("review", help="write the page for a clinician to sign")
    signing = commands.add_parser("sign", help="record a clinician's signature")
    for command in (showing, reviewing, signing):
        command.add_argument("slug", metavar="SLUG")
    reviewing.add_argument(
        "--output", type=Path, metavar="FILE", help="default: out/review/SLUG.html; - prints text"
    )
    reviewing.add_argument("--text", action="store_true", help="plain text instead of HTML")
    signing.add_argument("--name", default="", help="the clinician's name")
    signing.add_argument("--role", default="", help="what entitles them, e.g. Emergency physician")
    signing.add_argument("--date", metavar="YYYY-MM-DD", help="day of the signature (default: now)")
    signing.add_argument(
        "--hash", default="", help="content hash on the signed page: refuses any other text"
    )
    for command, run in (
        (listing, _list), (showing, _show), (checking, _check), (reviewing, _review),
        (signing, _sign),
    ):  # fmt: skip
        command.set_defaults(run=run)
        options.add_settings(command)


def main(args: argparse.Namespace) -> int:
    """Run one subcommand."""
    return int(args.run(args))


def _list(args: argparse.Namespace) -> int:
    from voice.dialogue import content

    loaded = content.load(options.settings(args))
    for slug, protocol in sorted(loaded.library.items()):
        print(f"{slug:24}{protocol.urgency:10}{loaded.statuses[slug]:8}{protocol.title}")
    return 0


def _show(args: argparse.Namespace) -> int:
    loaded = _load_with(args)
    for line in dict.fromkeys(map(loaded.say, loaded.library[args.slug].lines())):
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


def _review(args: argparse.Namespace) -> int:
    from voice.dialogue import content, signatures
    from voice.review import html, plain, sheet

    loaded = _load_with(args)
    record = signatures.read(content.folder(options.settings(args)), args.slug)
    found = sheet.build(args.slug, loaded, record)
    aloud = str(args.output) == "-"
    text = plain.page(found) if args.text or aloud else html.page(found)
    if aloud or (args.text and args.output is None):
        print(text, end="")
        return 0
    file = args.output or REVIEWS / f"{args.slug}.html"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
    print(file)
    return 0


def _sign(args: argparse.Namespace) -> int:
    from voice.dialogue import checks, content, signatures, statement

    name, role = _one_line(args.name, "--name"), _one_line(args.role, "--role")
    date = _day(args.date)
    loaded = _load_with(args)
    home = content.folder(options.settings(args))
    mistakes = checks.check(home / "protocols" / f"{args.slug}.yaml", loaded)
    if mistakes:
        raise UserError(f"{args.slug} has {len(mistakes)} mistakes; mend them: protocols check")
    protocol = loaded.library[args.slug]
    text = statement.lines(protocol, loaded.everywhere, loaded.regions)
    digest = statement.digest(text)
    if args.hash and (len(args.hash) < _LEAST_HASH or not digest.startswith(args.hash.lower())):
        raise UserError(
            f"--hash {args.hash}: {args.slug} is now {digest[:12]}; it is another text than the "
            "one on that page, so review it again"
        )
    signature = signatures.Signature(name, role, date, protocol.version, digest)
    signatures.add(home, args.slug, text, signature)
    print(f"{args.slug}, version {protocol.version}, content {digest[:12]}: signed by {name}")
    return 0


def _load_with(args: argparse.Namespace) -> "Content":
    """The content, which has the protocol that was asked for."""
    from voice.dialogue import content

    loaded = content.load(options.settings(args))
    if args.slug not in loaded.library:
        known = ", ".join(sorted(loaded.library))
        raise UserError(f"no protocol '{args.slug}'; there are {known}")
    return loaded


def _one_line(text: str, option: str) -> str:
    """A name or role fit to be kept."""
    plain = " ".join(text.split())
    if not 2 <= len(plain) <= _LONGEST_NAME or not plain.isprintable():
        raise UserError(f'{option} is missing or odd; write --name "Dr Ada Example" --role "…"')
    return plain


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.date.today()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--date {text}: write the day as YYYY-MM-DD") from None
