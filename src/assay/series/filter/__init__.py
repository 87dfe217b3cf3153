"""The recursion, its parameters, and what a fit of it minimises."""
