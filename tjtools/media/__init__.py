"""What media files are, how they look, and others made of them, by child processes that may crash, hang, be greedy."""

from tjtools.media.pool import Children, Fingerprint, MediaFacts, Sight
from tjtools.media.recipe import Box, Job, Made, Making, Recipe, make

__all__ = ["Box", "Children", "Fingerprint", "Job", "Made", "Making", "MediaFacts", "Recipe", "Sight", "make"]
