"""The command line as a whole: its commands in the order of the loop."""

import sys
from typing import Annotated

import typer

from assay import __version__
from assay.cli import close, init, ledger, plan, profile, report, run, split
from assay.cli.guard import STOPPED, STOPPED_WORDS
