"""altair, without the seconds that its import takes where JupyterLab is installed too.

altair checks charts with jsonschema, which on its import makes 38 grammars for a format that no chart has, IRIs, if it
finds `rfc3987_syntax`: it is told that this is not there. Measured in a kernel with 100,000 creatives: 4 of 10 seconds.
"""

import sys

_GRAMMARS = "rfc3987_syntax"
_hidden = _GRAMMARS not in sys.modules
if _hidden:
    sys.modules[_GRAMMARS] = None  # type: ignore[assignment]
try:
    import altair as alt
finally:
    if _hidden:
        del sys.modules[_GRAMMARS]

__all__ = ["alt"]
