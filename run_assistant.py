#!/usr/bin/env python3
"""Start the assistant; see `python run_assistant.py --help`."""

from voice.cli.main import main

raise SystemExit(main())
