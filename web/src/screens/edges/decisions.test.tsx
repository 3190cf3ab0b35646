import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { Decision } from "../../api/types";
import { Decisions } from "./decisions";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const decision = (part: Partial<Decision>): Decision => ({
  job: "down",
  on: "success",
  join: false,
  when: null,
  taken: true,
  runs: null,
  reason: null,
  told: null,
  ...part,
});

it("says what was not triggered and why", () => {
  const reason = "`output.new > 0` was false";
  render(
    <MemoryRouter>
      <Decisions
        trace="t1"
        decisions={[decision({ when: "output.new > 0", taken: false, reason }), decision({ job: "always" })]}
      />
    </MemoryRouter>,
  );
  const lines = screen.getAllByRole("listitem").map((line) => line.textContent);
  expect(lines[0]).toContain("if output.new > 0");
  expect(lines[0]).toContain("not triggered: `output.new > 0` was false");
  expect(lines[1]).toContain("triggered");
});

it("tells a join from an edge", () => {
  render(
    <MemoryRouter>
      <Decisions
        trace="t1"
        decisions={[decision({ join: true }), decision({ join: true, taken: false, reason: "`a` did not succeed" })]}
      />
    </MemoryRouter>,
  );
  const lines = screen.getAllByRole("listitem").map((line) => line.textContent);
  expect(lines).toEqual(["down joinjoined: triggered", "down joinnot triggered: `a` did not succeed"]);
});

it("is not there where the run's state says it all", () => {
  const { container } = render(<Decisions decisions={[]} trace="t1" />);
  expect(container.textContent).toBe("");
});

it("says how many runs were made, and leads to them", () => {
  const made = [decision({ runs: 12 }), decision({ runs: 1 }), decision({ runs: 0 }), decision({ runs: null })];
  vi.stubGlobal("fetch", async () => Response.json({ items: [], total: 0 }));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <Decisions trace="t1" decisions={made} />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  const lines = screen.getAllByRole("listitem");
  expect(lines.map((line) => line.textContent)).toEqual([
    "downmade 12 runs",
    "downmade 1 run",
    "downmade 0 runs",
    "downtriggered",
  ]);
  const address = screen.getByText("made 12 runs").getAttribute("href") ?? "";
  expect(Object.fromEntries(new URLSearchParams(address.split("?")[1]))).toEqual({ job: "down", trace: "t1" });
  expect(screen.getByText("made 0 runs").tagName).not.toBe("A");
});
