import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, it, vi } from "vitest";

import "../../i18n";
import { RunForm } from "./run-form";

vi.mock("../../layout/project-scope", () => ({
  useProjectScope: () => ({ projects: [{ id: "p1", slug: "one", name: "One" }], projectId: undefined }),
}));
vi.mock("../../session/rights", () => ({ useRights: () => ({ admin: true, whyNot: () => undefined }) }));

it("runs the job without params and says what came of it", async () => {
  const asked: unknown[] = [];
  vi.stubGlobal("fetch", async (_: unknown, request: RequestInit) => {
    asked.push(JSON.parse(String(request.body)));
    return new Response(JSON.stringify({ run_id: "r1", queued: "merged" }), {
      status: 202,
      headers: { "content-type": "application/json" },
    });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <RunForm job="report" argsSchema={{}} args={{}} />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  expect(screen.getByRole("link", { name: "Edit in Configuration" }).getAttribute("href")).toBe(
    "/config/jobs?job=report",
  );
  screen.getByRole("button", { name: "Run now" }).click();
  expect((await screen.findByTestId("run-answer")).textContent).toContain("A run is already queued");
  expect(screen.getByRole("link", { name: "View run" }).getAttribute("href")).toBe("/runs/r1");
  expect(asked).toEqual([{ project_id: "p1" }]);
});
