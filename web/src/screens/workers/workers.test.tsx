import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, it, vi } from "vitest";

import WorkersScreen from "./workers";

vi.mock("../../layout/project-scope", () => ({ useScopedPath: () => (path: string) => path }));
vi.mock("../../session/rights", () => ({ useRights: () => ({ admin: true, whyNot: () => undefined }) }));
vi.mock("../figures/figure-tabs", () => ({ FigureTabs: () => null }));

const worker = {
  name: "worker-0123456789abcdef",
  state: "active",
  version: "0.2.0",
  host: "machine",
  pid: 7,
  concurrency: 8,
  plugins: [],
  labels: ["gpu", "eu"],
  load: { memory_bytes: 54_300_000, cpu_share: 1.25, programs_memory_bytes: 0, programs_cpu_share: 0 },
  started_at: null,
  seen_at: null,
  drain_at: null,
  drain_by: null,
  drain_seen_at: null,
  running: 0,
  runs: [],
};

it("shows labels, memory and CPU, and jobs whose labels no worker has", async () => {
  const without_worker = [{ job_type: "train", labels: ["gpu", "us"] }];
  const answer = () => new Response(JSON.stringify({ items: [worker], without_worker }));
  vi.stubGlobal("fetch", async () => {
    const response = answer();
    response.headers.set("content-type", "application/json");
    return response;
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <WorkersScreen />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  expect((await screen.findByTestId("worker-labels")).textContent).toBe("gpueu");
  const text = screen.getByTestId("worker").textContent?.replaceAll("\u00a0", " ");
  expect(text).toContain("54 MB");
  expect(text).toContain("125%");
  expect(text).not.toContain("Memory of programs");
  expect(screen.getByTestId("jobs-without-worker").textContent).toContain("gpu, us");
});
