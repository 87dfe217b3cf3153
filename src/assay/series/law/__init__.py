"""Families as a filter sees them: scores, information, tails, and draws of values."""
