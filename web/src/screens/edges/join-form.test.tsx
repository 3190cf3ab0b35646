import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Diagnostic, Edit, JobType } from "../../api/types";
import { type Join, plainJoin, writtenJoin } from "./join";
import { JoinForm } from "./join-form";

const JOBS = ["sync", "score", "embed", "report"];
const types: Record<string, Pick<JobType, "output_schema" | "args_schema">> = {
  sync: { output_schema: { properties: { new: { type: "integer" } } }, args_schema: {} },
  report: { output_schema: {}, args_schema: { properties: { new: { type: "integer" } }, required: ["new"] } },
};

const asked = vi.fn<(path: string, body: unknown) => void>();
let diagnostics: Partial<Diagnostic>[];
beforeEach(() => {
  asked.mockReset();
  diagnostics = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked(path, JSON.parse(String(init.body)));
    return Response.json(path.endsWith("/edit") ? { text: "edited" } : { diagnostics });
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(part: Partial<Join> = {}) {
  const onChange = vi.fn<(join: Join) => void>();
  const onClose = vi.fn();
  const editsOf = (join: Join): Edit[] => [
    { op: "set", path: ["CASCADE_JOINS", "report"], value: writtenJoin(join, undefined) },
  ];
  render(
    <QueryClientProvider client={new QueryClient()}>
      <JoinForm
        job="report"
        join={{ ...plainJoin(["sync"]), ...part }}
        jobs={JOBS}
        typeOf={(job) => types[job]}
        text="before"
        editsOf={editsOf}
        onChange={onChange}
        onClose={onClose}
      />
    </QueryClientProvider>,
  );
  return { onChange, onClose };
}
const finder = () => screen.getByLabelText("report runs once, after all of");
const type = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
const apply = () => fireEvent.click(screen.getByText("Apply to draft"));
const chosen = () => screen.queryAllByTestId("joined-job").map((chip) => chip.textContent);
const offered = (field: HTMLElement) => {
  const list = document.getElementById(field.getAttribute("list") ?? "");
  return [...(list?.querySelectorAll("option") ?? [])].map((option) => option.value);
};
const saidAt = (field: HTMLElement) =>
  (field.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);

it("finds jobs by a part of their names, and says when there is none", () => {
  const { onChange } = open();
  expect(offered(finder())).toEqual(["score", "embed"]);
  type(finder(), "sco");
  fireEvent.keyDown(finder(), { key: "Enter" });
  expect(chosen()).toEqual(["sync", "score"]);
  type(finder(), "embed");
  fireEvent.blur(finder());
  expect(chosen()).toEqual(["sync", "score", "embed"]);
  type(finder(), "nothing");
  expect(screen.getByText("No job has nothing in its name.")).toBeTruthy();
  fireEvent.click(screen.getByLabelText("Do not wait for sync"));
  type(finder(), "");
  apply();
  expect(onChange).toHaveBeenCalledWith(plainJoin(["score", "embed"]));
});

it("says what a join needs, how long it waits and what it makes", () => {
  const { onChange, onClose } = open();
  type(screen.getByLabelText("What they must have done"), "end");
  type(screen.getByLabelText("Which of their runs"), "latest");
  expect(screen.queryByLabelText("When the time is over")).toBeNull();
  type(screen.getByLabelText("Time limit"), "1h");
  type(screen.getByLabelText("When the time is over"), "run");
  const when = screen.getByLabelText("Only if this expression is true");
  type(when, "output.sync");
  expect(offered(when)).toEqual(["output.sync.new"]);
  type(when, "output.sync.new > 0");
  fireEvent.click(screen.getByLabelText("Give the runs args"));
  type(screen.getByLabelText("Value of new"), "output.sync.new");
  type(screen.getByLabelText("Key"), "run.project");
  apply();
  expect(onChange).toHaveBeenCalledWith({
    all_of: ["sync"],
    within: "1h",
    late: "run",
    needs: "end",
    by: "latest",
    when: "output.sync.new > 0",
    args: { new: "output.sync.new" },
    key: "run.project",
  });
  expect(onClose).toHaveBeenCalled();
});

it("applies nothing while jobs are missing or a time is none", async () => {
  const { onChange } = open({ all_of: [] });
  expect(screen.queryByText("Choose at least one job.")).toBeNull();
  apply();
  expect(screen.getByText("Choose at least one job.")).toBeTruthy();
  await waitFor(() => expect(document.activeElement).toBe(finder()));
  type(screen.getByLabelText("Time limit"), "soon");
  expect(screen.getByText("Write a time such as 30s, 2m or 1h 30m.")).toBeTruthy();
  expect(onChange).not.toHaveBeenCalled();
});

it("shows what the host says of it at its field", async () => {
  diagnostics = [
    { key: "CASCADE_JOINS.report.all_of", message: "`syn` is named twice", help: "name it once" },
    { key: "CASCADE_JOINS.report.when", message: "`when`: there is no field `nw`", help: null },
    { key: "CASCADE_JOINS.report.args.new", message: "no number", help: null },
    { key: "CASCADE_JOINS.report", message: "odd", help: null },
    { key: "CASCADE_CHAINS.report", message: "cycle: report -> sync -> report", help: null },
    { key: "jobs.sync.every", message: "of another place", help: null },
  ];
  open({ when: "output.sync.nw > 0", args: { new: "1" } });
  await waitFor(() => expect(screen.getByText("there is no field `nw`")).toBeTruthy());
  expect(asked.mock.calls).toEqual([
    [
      "/api/jobs/config/edit",
      {
        text: "before",
        edits: [
          {
            op: "set",
            path: ["CASCADE_JOINS", "report"],
            value: { all_of: ["sync"], when: "output.sync.nw > 0", args: { new: "1" } },
          },
        ],
      },
    ],
    ["/api/jobs/config/check", { text: "edited" }],
  ]);
  expect(saidAt(finder())).toEqual(["`syn` is named twice; name it once"]);
  expect(saidAt(screen.getByLabelText("Only if this expression is true"))).toEqual(["there is no field `nw`"]);
  expect(saidAt(screen.getByLabelText("Value of new"))).toEqual(["no number"]);
  expect(screen.getByRole("status").textContent).toBe("odd; cycle: report -> sync -> report");
  expect(screen.queryByText(/another place/)).toBeNull();
});

it("closes on Escape", () => {
  const { onClose } = open();
  fireEvent.keyDown(finder(), { key: "Escape" });
  expect(onClose).toHaveBeenCalled();
});
