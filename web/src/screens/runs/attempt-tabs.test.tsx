import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { RunDetails } from "../../api/types";
import { AttemptTabs } from "./attempt-tabs";
import { attemptsOf } from "./attempts";

afterEach(cleanup);

const failed = (attempt: number, error: string) => ({
  attempt,
  started_at: "2026-01-01T00:00:00.000Z",
  ended_at: "2026-01-01T00:00:02.500Z",
  error,
  worker: "worker-a",
});

const run = (attempt: number, failed_attempts: unknown[], state = "completed") =>
  ({
    id: "r1",
    attempt,
    max_attempts: 5,
    state,
    started_at: "2026-01-01T00:01:00.000Z",
    finished_at: "2026-01-01T00:01:01.000Z",
    error: null,
    failed_attempts,
  }) as unknown as RunDetails;

it("knows each attempt as far as it was kept", () => {
  const attempts = attemptsOf(run(3, [failed(2, "no route")]));
  expect(attempts.map(({ attempt, state, error, worker }) => [attempt, state, error, worker])).toEqual([
    [1, undefined, null, null],
    [2, "failed", "no route", "worker-a"],
    [3, "completed", null, null],
  ]);
});

it("has a tab for each attempt, reached by the arrow keys", () => {
  const onChoose = vi.fn();
  const tabs = (chosen: number | undefined) => (
    <MemoryRouter>
      <AttemptTabs run={run(2, [failed(1, "no route to host")])} chosen={chosen} onChoose={onChoose} />
    </MemoryRouter>
  );
  const { rerender } = render(tabs(undefined));
  expect(screen.getAllByRole("tab").map(({ textContent }) => textContent?.trim())).toEqual([
    "All attempts",
    "Attempt 1",
    "Attempt 2",
  ]);
  expect(screen.queryByText("no route to host")).toBeNull();
  fireEvent.keyDown(screen.getByRole("tab", { selected: true }), { key: "ArrowRight" });
  expect(onChoose).toHaveBeenLastCalledWith(1);
  rerender(tabs(1));
  expect(screen.getByRole("tabpanel").textContent).toContain("no route to host");
  expect(screen.getByRole("tabpanel").textContent).toContain("worker-a");
  expect(screen.getByRole("tabpanel").textContent).toContain("2.5");
  fireEvent.keyDown(screen.getByRole("tab", { selected: true }), { key: "End" });
  expect(onChoose).toHaveBeenLastCalledWith(2);
  rerender(tabs(2));
  expect(screen.getByRole("tabpanel").textContent).not.toContain("no route to host");
});

it("is not there for a run that went well at once", () => {
  render(
    <MemoryRouter>
      <AttemptTabs run={run(1, [])} chosen={undefined} onChoose={() => {}} />
    </MemoryRouter>,
  );
  expect(screen.queryByRole("tab")).toBeNull();
});
