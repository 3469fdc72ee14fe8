#!/usr/bin/env python
"""Sito's command line: `manage.py help` lists the commands."""

import os
import sys

from config.embedded.commandline import run


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    return run(sys.argv, execute_from_command_line)


if __name__ == "__main__":
    sys.exit(main())
