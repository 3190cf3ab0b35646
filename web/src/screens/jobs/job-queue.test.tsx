import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, it, vi } from "vitest";

import { JobQueue } from "./job-queue";

vi.mock("../../layout/project-scope", () => ({
  useScopedPath: () => (path: string) => path,
  useProjectScope: () => ({ projects: [{ id: "p1", slug: "one", name: "One" }], projectId: undefined, slug: "" }),
}));
vi.mock("../../session/rights", () => ({ useRights: () => ({ admin: true, whyNot: () => undefined }) }));

const run = (id: string, key: string | null) => ({
  id,
  key,
  args: { level: 2 },
  priority: 3,
  run_at: null,
  asked_by: "ann",
  state: "available",
  project_id: "p1",
  queued_at: "2026-01-01T00:00:00Z",
  started_at: null,
  cancel_requested_at: null,
});

it("counts each part and shows the runs of the one that is chosen", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const part = (name: string, items: unknown[], count = items.length) => ({ part: name, count, items });
    const parts = [
      part("running", []),
      part("waiting", [run("run-0000001", null)], 100_000),
      part("scheduled", []),
      part("behind", [run("run-0000002", "invoice 7")]),
      part("retryable", []),
    ];
    const text = "limit `api`: 5 of 5 run, of all jobs that share it";
    const closed_by = [{ code: "shared_limit", text, fix: null, run_id: null, upstream: null }];
    const of_key = "key `invoice 7`: 3 of 3 run or may begin";
    const full_keys = [{ code: "behind_key", text: of_key, fix: null, run_id: null, upstream: null }];
    const body = JSON.stringify({ parts, closed_by, full_keys });
    return new Response(body, { headers: { "content-type": "application/json" } });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <JobQueue job="report" />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  expect((await screen.findByTestId("queue-waiting")).textContent).toBe("100000 waiting");
  expect(asked[0]).toBe("/api/jobs/report/queue?project_id=p1&limit=10");
  expect(screen.getByTestId("queued-run").textContent).toContain('{"level":2}');
  expect(screen.getByText("First 1 of 100000")).toBeTruthy();
  expect(screen.getByTestId("queue-closed-by").textContent).toContain("5 of 5 run");
  expect(screen.queryByTestId("queue-full-keys")).toBeNull();
  expect((screen.getByTestId("queue-running") as HTMLButtonElement).disabled).toBe(true);
  screen.getByTestId("queue-behind").click();
  await screen.findByText("invoice 7");
  expect(screen.queryByTestId("queue-closed-by")).toBeNull();
  expect(screen.getByTestId("queue-full-keys").textContent).toContain("3 of 3 run or may begin");
  expect((await screen.findByText("invoice 7")).textContent).toBe("invoice 7");
  expect(screen.getByRole("button", { name: "Cancel" })).toBeTruthy();
});
