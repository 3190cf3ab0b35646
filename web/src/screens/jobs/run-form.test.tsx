import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import { RunForm } from "./run-form";

afterEach(cleanup);

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

it("gives the run the tags that were typed, also one that was not ended with Enter", async () => {
  const asked: unknown[] = [];
  vi.stubGlobal("fetch", async (_: unknown, request: RequestInit) => {
    if (request.body) asked.push(JSON.parse(String(request.body)));
    return Response.json(request.body ? { run_id: null, queued: "now" } : { tags: [] });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <RunForm job="report" argsSchema={{}} args={{}} />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  const field = screen.getByLabelText("Tags");
  fireEvent.focus(field);
  fireEvent.change(field, { target: { value: "billing" } });
  fireEvent.keyDown(field, { key: "Enter" });
  fireEvent.change(field, { target: { value: " eu " } });
  fireEvent.blur(field);
  expect(screen.getAllByTestId("tag-chip").map((chip) => chip.textContent?.trim())).toEqual(["billing", "eu"]);
  fireEvent.click(screen.getByRole("button", { name: "Run now" }));
  await screen.findByTestId("run-answer");
  fireEvent.click(screen.getByRole("button", { name: "Remove the tag eu" }));
  fireEvent.click(screen.getByRole("button", { name: "Run now" }));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked).toEqual([
    { project_id: "p1", tags: ["billing", "eu"] },
    { project_id: "p1", tags: ["billing"] },
  ]);
});
