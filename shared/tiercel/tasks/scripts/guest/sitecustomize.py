"""Runs first in a script's Python: makes `kestra` importable and `true`, `false`, `null` names.

The names let a list that was rendered into a script as JSON be read as Python. They are set here and not in the script,
so that line numbers stay right and `from __future__` imports work.
"""

import builtins
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _here]
sys.path.append(os.path.join(_here, "lib"))
if os.environ.get("TIERCEL_JSON_NAMES"):
    for _name, _value in (("true", True), ("false", False), ("null", None)):
        if not hasattr(builtins, _name):
            setattr(builtins, _name, _value)

# The environment's own sitecustomize, which this one stands before, still runs.
_self = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
except ImportError:
    pass
finally:
    if _self is not None:
        sys.modules.setdefault("sitecustomize", _self)
