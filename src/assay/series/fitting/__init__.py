"""What series have in common, what each is, and what a fit leaves open."""
