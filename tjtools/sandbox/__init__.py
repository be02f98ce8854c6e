"""A replica of the site on 127.0.0.1, to practise on and to test against.

It shares no code with the rest of tjtools: a wrong reading of the site's facts can't hide in both.
"""

from tjtools.sandbox.server import Sandbox, serve

__all__ = ["Sandbox", "serve"]
