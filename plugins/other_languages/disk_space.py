#!/usr/bin/env python3
"""A job type that is an external program: how much room is left on some disks.

jobs.toml describes it (params, limits, the view); the host gives it one JSON object on standard input
and reads JSON lines from its standard output. See docs/plugins/executables.md.
"""

import json
import os
import signal
import sys


def say(kind, **rest):
    print(json.dumps({"type": kind, **rest}), flush=True)


def fail(message, retry):
    say("error", message=message, retry=retry)
    sys.exit(1)


def main():
    # SIGTERM: cancelled or out of time. Nothing is half-done here, so leave at once.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    params = json.load(sys.stdin)["params"]
    paths = params["paths"]
    almost_full = []
    for done, path in enumerate(paths, start=1):
        try:
            disk = os.statvfs(path)
        except FileNotFoundError:
            fail(f"there is no {path}", retry=False)
        except OSError as error:
            fail(f"{path}: {error.strerror}", retry=True)
        free = disk.f_bavail * disk.f_frsize / 2**30
        total = disk.f_blocks * disk.f_frsize / 2**30
        percent = 100 * free / total if total else 0.0
        if percent < params["warn_below_percent"]:
            say("log", level="warn", message=f"{path}: {percent:.1f} % free")
            almost_full.append(path)
        # The key makes it one row for each path, renewed by every run.
        say("row", key=path, data={
            "path": path,
            "free_gib": round(free, 2),
            "total_gib": round(total, 2),
            "free_percent": round(percent, 1),
        })
        say("progress", fraction=done / len(paths), message=path)
    # For the jobs that a success triggers, such as one that cleans up.
    say("output", value={"almost_full": almost_full})
    say("result", summary=f"{len(paths)} looked at")


main()
