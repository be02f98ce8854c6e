"""A library that a team shares: this workspace's files are a copy of what stands in a PostgreSQL database."""

from tjtools.team.claims import Claims, claims_of
from tjtools.team.database import Database
from tjtools.team.records import Left, Wanted
from tjtools.team.together import Team, brought_up_to_date, compare, join, leave, other_accounts, shared, turn
from tjtools.team.trail import Trail, trail

__all__ = [
    "Claims",
    "Database",
    "Left",
    "Team",
    "Trail",
    "Wanted",
    "brought_up_to_date",
    "claims_of",
    "compare",
    "join",
    "leave",
    "other_accounts",
    "shared",
    "trail",
    "turn",
]
