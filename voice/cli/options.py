"""Options that several commands share."""

import argparse
import sys
from pathlib import Path

import msgspec

from voice import config
from voice.config import Settings

DEFAULT_PROFILE = config.ROOT / "configs" / "laptop.toml"


def add_settings(parser: argparse.ArgumentParser, profile: Path = DEFAULT_PROFILE) -> None:
    """Add `--config` and `--set`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=profile,
        metavar="FILE",
        help=f"profile to use (default: configs/{profile.name})",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.OPTION=VALUE",
        help="override one option of the profile; may be repeated",
    )


def dialogue_settings(args: argparse.Namespace) -> Settings:
    """The settings for a conversation; what they ask for and may not have is told and left out."""
    from voice.engines import roster

    asked = settings(args)
    if why := roster.drafts_refused(asked):
        print(f"note: answers.drafts is ignored: {why}", file=sys.stderr)
        answers = msgspec.structs.replace(asked.answers, drafts=False)
        return msgspec.structs.replace(asked, answers=answers)
    return asked


def settings(args: argparse.Namespace) -> Settings:
    """The settings that the command line asks for; raises UserError."""
    return config.load(args.config, args.set)
