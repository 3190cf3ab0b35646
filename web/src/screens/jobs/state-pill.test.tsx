import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import type { RunState } from "../../api/types";
import { LOOKS, type RestState, StatePill } from "./state-pill";

afterEach(cleanup);

it("no two states of a run have the same color, shape or word", () => {
  const states: RunState[] = ["available", "running", "retryable", "completed", "failed", "cancelled"];
  const looks = states.map((state) => LOOKS[state]);
  expect(new Set(looks.map(({ tone }) => tone)).size).toBe(states.length);
  expect(new Set(looks.map(({ Icon }) => Icon)).size).toBe(states.length);
});

it("shows shape and word of every state", () => {
  const words = (Object.keys(LOOKS) as (RunState | RestState)[]).map((state) => {
    const { container } = render(<StatePill state={state} />);
    expect(container.querySelector("svg")).not.toBeNull();
    return container.textContent;
  });
  expect(new Set(words).size).toBe(Object.keys(LOOKS).length);
});
