import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { Problem } from "../../api/types";
import { ProblemItem } from "./problem-item";

vi.mock("../../session/rights", () => ({ useRights: () => ({ admin: true, whyNot: () => undefined }) }));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("mutes a problem by the button, not by the choice of a time", async () => {
  const sent: [string, { until: string }][] = [];
  vi.stubGlobal("fetch", async (path: string, { body }: { body: string }) => {
    sent.push([path, JSON.parse(body)]);
    return Response.json({});
  });
  const seen = "2026-01-01T00:00:00Z";
  const facts = { runs: 1, failing: 1, first_seen: seen, last_seen: seen, trend: [], places: [], places_total: 0 };
  const problem = { fingerprint: "f1", run_id: "r1", error: "away", ...facts } as unknown as Problem;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <ProblemItem problem={problem} state="open" />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Mute" });
  expect(button.disabled).toBe(true);
  // As an arrow key does to a list that is closed.
  for (const hours of ["1", "8"]) fireEvent.change(screen.getByLabelText("Mute until…"), { target: { value: hours } });
  expect(sent).toEqual([]);
  const before = Date.now();
  fireEvent.click(button);
  await waitFor(() => expect(sent).toHaveLength(1));
  const [[path, { until }] = ["", { until: "" }]] = sent;
  expect(path).toBe("/api/problems/f1/mute");
  expect(Math.round((Date.parse(until) - before) / 3_600_000)).toBe(8);
  await waitFor(() => expect(button.disabled).toBe(false));
});
