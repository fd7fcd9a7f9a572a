"""Options that several commands share."""

import argparse
from pathlib import Path

from voice import config
from voice.config import Settings

DEFAULT_PROFILE = config.ROOT / "configs" / "laptop.toml"


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--set`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_PROFILE,
        metavar="FILE",
        help="profile to use (default: configs/laptop.toml)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.OPTION=VALUE",
        help="override one option of the profile; may be repeated",
    )


def settings(args: argparse.Namespace) -> Settings:
    """The settings that the command line asks for; raises UserError."""
    return config.load(args.config, args.set)
