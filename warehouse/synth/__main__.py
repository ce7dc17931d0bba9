"""`python -m warehouse.synth`: the command alone."""

from warehouse.cli.synth import command

command()
