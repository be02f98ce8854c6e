"""Python imports this by itself: conftest.py puts its folder onto PYTHONPATH, for whatever the tests start.

JupyterLab checks its events with jsonschema, which on its import takes more than a second to make grammars for a format
that nothing here has, if it finds `rfc3987_syntax`: it is told that this is not there.
"""

import sys

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
