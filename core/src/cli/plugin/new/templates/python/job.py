#!/usr/bin/env python3
"""{{description}}"""

import json
import sys


def say(kind, **rest):
    print(json.dumps({"type": kind, **rest}), flush=True)


params = json.load(sys.stdin)["params"]
say("log", level="info", message=f"keeping {params['message']!r}")
say("row", data={"message": params["message"]})
say("progress", fraction=1.0, message="kept")
# A job that this one triggers finds it in "upstream" of what it is told.
say("output", value={"message": params["message"]})
say("result", summary="kept a message")
