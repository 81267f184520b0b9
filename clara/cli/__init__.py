"""The command line: `clara ask | kb | doctor | init`."""

from clara.cli.app import app, main

__all__ = ["app", "main"]
