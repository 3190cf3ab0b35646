import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Run, RunState } from "../../api/types";
import { RunActions } from "./run-actions";

function buttons(state: RunState, cancel_requested_at: string | null = null) {
  const run = { id: "1", state, cancel_requested_at } as Run;
  const { unmount } = render(<RunActions run={run} onDone={async () => {}} />);
  const found = screen.queryAllByRole("button").map((button) => button.textContent);
  unmount();
  return found;
}

describe("RunActions", () => {
  it("offers what the state allows", () => {
    for (const state of ["available", "running", "retryable"] as const) expect(buttons(state)).toEqual(["Cancel"]);
    for (const state of ["failed", "cancelled"] as const) expect(buttons(state)).toEqual(["Retry"]);
    expect(buttons("completed")).toEqual([]);
    expect(buttons("running", "2026-01-01T00:00:00Z")).toEqual(["Cancelling…"]);
  });
});
