"""The command `assay`: it parses, calls and shows, and holds no rule of its own."""

from assay.cli.app import app as app
from assay.cli.app import main as main
