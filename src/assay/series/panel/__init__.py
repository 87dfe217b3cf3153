"""From tables to series on one grid of steps, and what cannot be in them."""
