import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { Run, RunGroup } from "../../api/types";
import { GroupRows } from "./group-rows";
import type { GroupBar } from "./waterfall";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const AT = "2026-11-29T08:00:00Z";
const cause = { id: "up", job_type: "fan", project_id: "p", trace_id: "t", state: "completed", queued_at: AT } as Run;
const states = { scheduled: 0, available: 0, running: 0, retryable: 0, completed: 20, failed: 5, cancelled: 0 };
const group: RunGroup = {
  parent: "up",
  job_type: "child",
  total: 25,
  states,
  queued_at: AT,
  started_at: AT,
  finished_at: AT,
};
const bar: GroupBar = { group, cause, depth: 1, wait: { left: 0, width: 0.1 }, ran: { left: 0.1, width: 0.5 } };

function child(n: number): Run {
  return { ...cause, id: `child-${n}`, job_type: "child", state: "failed", key: null, args: { n } } as unknown as Run;
}

it("unfolds the runs of a state, a page at a time", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string | URL | Request) => {
    const url = new URL(String(address instanceof Request ? address.url : address), "http://host");
    asked.push(`${url.pathname}${url.search}`);
    const second = url.searchParams.has("after");
    const body = { items: [child(second ? 2 : 1)], next: second ? null : "child-1" };
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <table>
          <tbody>
            <GroupRows bar={bar} here="up" ticks={[]} scale={{ begin: 0, totalMs: 1, now: 0 }} />
          </tbody>
        </table>
      </MemoryRouter>
    </QueryClientProvider>,
  );
  expect(screen.queryAllByTestId("trace-row")).toHaveLength(0);
  const counts = screen.getAllByRole("button", { pressed: false }).map((button) => button.textContent);
  expect(counts).toEqual(["20 completed", "5 failed"]);
  expect(screen.getByTestId("retry-failed").textContent).toBe("Retry 5 failed…");
  fireEvent.click(screen.getByText("failed", { exact: false, selector: ".state-count" }));
  expect(await screen.findByText('{"n":1}')).toBeTruthy();
  fireEvent.click(screen.getByTestId("more-children"));
  expect(await screen.findByText('{"n":2}')).toBeTruthy();
  expect(screen.queryByTestId("more-children")).toBeNull();
  expect(asked[0]).toContain("/jobs/runs/up/children?job_type=child&state=failed");
  expect(asked[1]).toContain("after=child-1");
});
