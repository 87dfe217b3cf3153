"""The only door for data: whatever a user brings becomes one checked table."""

from assay.frame.censoring import Hidden, hidden_rows
from assay.frame.check import check
from assay.frame.conform import conform
from assay.frame.read import read
from assay.frame.roles import Roles, recognise
from assay.frame.table import Frame

__all__ = ["Frame", "Hidden", "Roles", "check", "conform", "hidden_rows", "read", "recognise"]
