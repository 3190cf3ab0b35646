#!/usr/bin/env python3
"""A job for the browser tests that takes as long as it is told to, says so, and fails if it is told to."""

import json
import pathlib
import signal
import sys
import time


def say(kind, **rest):
    print(json.dumps({"type": kind, **rest}), flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
params = json.load(sys.stdin)["params"]
if "plan" in params:
    params |= json.loads(pathlib.Path(params["plan"]).read_text())
steps = params["steps"]
for step in range(1, steps + 1):
    level = "warn" if step % 4 == 0 else "info"
    say("log", level=level, message=f"step {step} of {steps}", fields={"step": step})
    say("progress", fraction=step / steps, message=f"step {step} of {steps}")
    time.sleep(params["pause_ms"] / 1000)
if params["fail"]:
    say("error", message=params["fail"], retry=False)
    sys.exit(1)
say("result", summary=f"took {steps} steps")
