"""The steps to come: what is known of them, paths, and what is read off these."""
