"""The synthetic city: deliveries of all departments from one micro-simulation, the same bytes for the same seed."""

from warehouse.synth.city import synthesise, synthesise_nights
from warehouse.synth.deliver import Night
from warehouse.synth.faults import planted_ids
from warehouse.synth.people import PLANTED_NAMES

__all__ = ["PLANTED_NAMES", "Night", "planted_ids", "synthesise", "synthesise_nights"]
