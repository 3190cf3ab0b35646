import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { parsedToml } from "../toml";
import type { Configuration } from "../use-configuration";
import CascadesTab from "./cascades-tab";

const TEXT = `
[CASCADE_CHAINS]
sync = [
  "plain",
  { job = "remind", each = "output.ids", args = { since = 2024-05-01, level = 2 }, later = 1 },
  { job = "embed", debounce = "2m", at_most = "10m" },
]
`;

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("fetch", async () => Response.json({ run_id: null, taken: false, count: 0, runs: [] }));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(text = TEXT) {
  const edit = vi.fn<Configuration["edit"]>();
  const configuration = {
    text,
    parsed: parsedToml(text),
    types: ["sync", "score", "report"].map((name) => ({ name })),
    check: { diagnostics: [], current: true, error: null },
    readOnly: false,
    edit,
  } as unknown as Configuration;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <CascadesTab configuration={configuration} reveal={undefined} onReveal={() => {}} onReview={() => {}} />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return edit;
}
const opener = (to: string) => screen.getByRole("button", { name: `When sync triggers ${to}` });

it("says at each connection what it makes", () => {
  open();
  const chips = within(screen.getByTestId("chain")).getAllByRole("listitem");
  expect(chips.map((chip) => chip.textContent?.trim())).toEqual([
    "plain",
    "remind each of output.ids, with since, level",
    "embed debounced 2m, at most 10m",
  ]);
});

it("changes one connection and leaves the others as they are, with keys that it does not know", async () => {
  const edit = open();
  fireEvent.click(opener("remind"));
  fireEvent.change(screen.getByLabelText("Key"), { target: { value: "string(item)" } });
  fireEvent.click(screen.getByText("Apply to draft"));
  expect(edit).toHaveBeenCalledWith([
    {
      op: "set",
      path: ["CASCADE_CHAINS", "sync"],
      value: [
        "plain",
        {
          job: "remind",
          each: "output.ids",
          args: { since: '"2024-05-01"', level: 2 },
          key: "string(item)",
          later: 1,
        },
        { job: "embed", debounce: "2m", at_most: "10m" },
      ],
    },
  ]);
  await waitFor(() => expect(screen.queryByTestId("edge-form")).toBeNull());
  expect(document.activeElement).toBe(opener("remind"));
});

const JOINED = `
[CASCADE_CHAINS]
sync = ["report"]
[CASCADE_JOINS]
last = { all_of = ["sync", "score"], within = "1h" }
`;
const joinOf = (job: string) => screen.getAllByTestId("join").find((each) => each.dataset.job === job)!;
const choose = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

it("changes and removes a join", () => {
  const edit = open(JOINED);
  expect(joinOf("last").textContent).toBe("last once after all of sync, score; within 1h or not at all");
  fireEvent.click(screen.getByRole("button", { name: "What last waits for" }));
  choose("What they must have done", "end");
  fireEvent.click(screen.getByText("Apply to draft"));
  expect(edit).toHaveBeenLastCalledWith([
    {
      op: "set",
      path: ["CASCADE_JOINS", "last"],
      value: { all_of: ["sync", "score"], within: "1h", needs: "end" },
    },
  ]);
  fireEvent.click(screen.getByRole("button", { name: "Remove the join of last" }));
  expect(edit).toHaveBeenLastCalledWith([{ op: "remove", path: ["CASCADE_JOINS", "last"] }]);
});

it("makes a join of a job that has none", () => {
  const edit = open(JOINED);
  fireEvent.click(screen.getByText("Add a join"));
  const jobs = within(screen.getByLabelText("Run this job once")).getAllByRole("option");
  expect(jobs.map((each) => each.textContent)).toEqual(["choose…", "report", "score", "sync"]);
  choose("Run this job once", "report");
  choose("report runs once, after all of", "score");
  fireEvent.blur(screen.getByLabelText("report runs once, after all of"));
  fireEvent.click(screen.getByText("Apply to draft"));
  expect(edit).toHaveBeenLastCalledWith([
    { op: "set", path: ["CASCADE_JOINS", "report"], value: { all_of: ["score"] } },
  ]);
});

it("connects to the join that there is, and knows a cycle over it", () => {
  const edit = open(JOINED);
  choose("When this job succeeds", "last");
  choose("run this job", "sync");
  expect(screen.getByTestId("cycle").textContent).toContain("last → sync → last");
  choose("When this job succeeds", "report");
  choose("run this job", "last");
  fireEvent.click(screen.getByText("Add"));
  expect(edit).toHaveBeenLastCalledWith([
    { op: "set", path: ["CASCADE_JOINS", "last"], value: { all_of: ["sync", "score", "report"], within: "1h" } },
  ]);
  // It has two upstream jobs and more: each could trigger it by itself.
  fireEvent.click(screen.getByLabelText(/^After each of them/));
  expect(edit).toHaveBeenLastCalledWith([
    { op: "remove", path: ["CASCADE_JOINS", "last"] },
    { op: "add_to_list", path: ["CASCADE_CHAINS", "sync"], value: "last" },
    { op: "add_to_list", path: ["CASCADE_CHAINS", "score"], value: "last" },
  ]);
});
