import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { BrowserRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { JobType } from "../../../api/types";
import { draftOf } from "../draft/draft";
import { parsedToml } from "../toml";
import type { Configuration } from "../use-configuration";
import JobsTab from "./jobs-tab";

const TEXT = '[jobs.first]\nevery = "1h"\n[jobs.second]\nevery = "2h"\n[jobs.second.params]\nlimit = 2\n';
const type = (name: string): JobType => ({
  name,
  version: "1",
  description: `What ${name} does`,
  origin: { kind: "compiled_in", plugin: name, version: "1", location: "" },
  args_schema: {},
  output_schema: {},
  params_schema: { type: "object", properties: { limit: { type: "integer" } }, additionalProperties: false },
  defaults: {
    timeout: name === "first" ? "2m" : "10m",
    max_attempts: 3,
    concurrency: null,
    backoff: { initial: "10s", max: "10m", factor: 2 },
  },
});

afterEach(cleanup);

function open(edit: Configuration["edit"] = () => {}) {
  const configuration = {
    text: TEXT,
    parsed: parsedToml(TEXT),
    draft: draftOf({ revision: "r", text: TEXT }),
    types: [type("first"), type("second")],
    jobSchema: {
      type: "object",
      properties: {
        every: { type: "string", title: "Interval", "x-kind": "duration" },
        timeout: { type: "string", title: "Timeout", default: "10m" },
        enabled: { type: "boolean", title: "Enabled", default: true },
        params: { type: "object" },
      },
    },
    check: { diagnostics: [], current: true, error: null },
    readOnly: false,
    edit,
  } as unknown as Configuration;
  window.history.replaceState(null, "", "/config/jobs?job=first");
  render(
    <BrowserRouter>
      <JobsTab configuration={configuration} reveal={undefined} onReveal={() => {}} onReview={() => {}} />
    </BrowserRouter>,
  );
  const list = within(screen.getByRole("navigation"));
  return { choose: (name: string) => fireEvent.click(list.getByText(name)) };
}

it("shows what the plugin says where the file says nothing", async () => {
  const { choose } = open();
  for (const [job, timeout] of [
    ["first", "2m"],
    ["second", "10m"],
  ] as const) {
    choose(job);
    await screen.findByLabelText("limit");
    expect(screen.getByLabelText<HTMLInputElement>("Timeout").placeholder).toBe(timeout);
  }
});

it("shows the form of the job that is chosen and of no other", async () => {
  const edit = vi.fn<Configuration["edit"]>();
  const { choose } = open(edit);
  for (const [job, every] of [
    ["second", "2h"],
    ["first", "1h"],
    ["second", "2h"],
  ] as const) {
    choose(job);
    await screen.findByLabelText("limit");
    expect(screen.getAllByRole("checkbox")).toHaveLength(1);
    expect(screen.getAllByText("Apply to draft")).toHaveLength(1);
    expect(screen.getByLabelText<HTMLInputElement>("Interval").value).toBe(every);
  }
  fireEvent.click(screen.getByRole("checkbox"));
  expect(edit.mock.calls.flat(2)).toEqual([{ op: "set", path: ["jobs", "second", "enabled"], value: false }]);
});
