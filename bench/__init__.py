"""Measured claims, each against its floor in the same run."""
