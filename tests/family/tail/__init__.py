"""Tests of the log tails; their truth is in `truth.py`."""
