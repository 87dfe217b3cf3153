"""The gate before production: what a supported model must show before it is relied upon."""
