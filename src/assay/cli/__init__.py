"""The command `assay`: it parses, calls and shows, and holds no rule of its own."""

from assay.cli.entry import main as main
