#!/usr/bin/env python3
"""A job for the browser tests that takes as long as it is told to, says so, and fails if it is told to.

The file that `gate` names has the names of jobs that are held: these wait after each step until it has not."""

import json
import pathlib
import signal
import sys
import time


def say(kind, **rest):
    print(json.dumps({"type": kind, **rest}), flush=True)


def read(file):
    return json.loads(pathlib.Path(file).read_text())


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
request = json.load(sys.stdin)
params = request["params"]


def is_held():
    return "gate" in params and request["job_type"] in read(params["gate"]).get("hold", [])


if "plan" in params:
    params |= read(params["plan"])
steps = params["steps"]
for step in range(1, steps + 1):
    level = "warn" if step % 4 == 0 else "info"
    say("log", level=level, message=f"step {step} of {steps}", fields={"step": step})
    say("progress", fraction=step / steps, message=f"step {step} of {steps}")
    time.sleep(params["pause_ms"] / 1000)
    while is_held():
        time.sleep(0.05)
if params["fail"]:
    say("error", message=params["fail"], retry=False)
    sys.exit(1)
say("result", summary=f"took {steps} steps")
