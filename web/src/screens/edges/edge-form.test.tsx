import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { EdgePreview } from "../../api/types";
import type { Edge } from "./edge";
import { EdgeForm } from "./edge-form";

const upstream = {
  args_schema: {},
  output_schema: {
    properties: {
      new: { type: "integer" },
      items: { type: "array", items: { properties: { id: { type: "string" } } } },
    },
  },
};
const downstream = {
  args_schema: {
    properties: { invoice: { type: "string", description: "Which one." }, level: { type: "integer" } },
    required: ["invoice"],
    additionalProperties: false,
  },
};
const NOTHING: EdgePreview = {
  run_id: null,
  ended_at: null,
  project: null,
  taken: false,
  reason: null,
  told: null,
  count: 0,
  runs: [],
};

const asked = vi.fn<(body: unknown) => void>();
let answer: () => Response;
beforeEach(() => {
  asked.mockReset();
  answer = () => Response.json(NOTHING);
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    expect(path).toBe("/api/edges/preview");
    asked(JSON.parse(String(init.body)));
    return answer();
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(part: Partial<Edge> = {}) {
  const onChange = vi.fn<(edge: Edge) => void>();
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <EdgeForm
          from="sync"
          edge={{ job: "remind", on: "success", ...part }}
          upstream={upstream}
          downstream={downstream}
          onChange={onChange}
          onClose={onClose}
        />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return { onChange, onClose };
}
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const choose = (label: string) => fireEvent.click(screen.getByLabelText(label));
const apply = () => fireEvent.click(screen.getByText("Apply to draft"));
const more = () => document.querySelector("details");
const offered = (label: string) => {
  const list = document.getElementById(screen.getByLabelText(label).getAttribute("list") ?? "");
  return [...(list?.querySelectorAll("option") ?? [])].map((option) => option.value);
};
const preview = () => screen.getByTestId("edge-preview").textContent ?? "";

it("stays short for a plain edge, and is open for one that says more", () => {
  open();
  expect(more()?.open).toBe(false);
  cleanup();
  open({ each: "output.items", after: "30s" });
  expect(more()?.open).toBe(true);
  expect(more()?.querySelector("summary")?.textContent).toContain("each of output.items, 30s later");
});

it("makes a run for each element, with args and a key", () => {
  const { onChange, onClose } = open();
  expect(offered("A run for each element of")).toEqual(["output.items"]);
  type("A run for each element of", "output.items");
  type("Key", "it");
  expect(offered("Key")).toEqual(["item", "item.id"]);
  choose("Give the runs args");
  expect(screen.getByTestId("edge-arg").textContent).toContain("required");
  type("Value of invoice", "item.id");
  fireEvent.click(screen.getByText("Add an arg"));
  expect(offered("Name of the arg")).toEqual(["level"]);
  type("Name of the arg", "level");
  const kind = within(screen.getByRole("group", { name: "Kind of level" }));
  fireEvent.click(kind.getByText("Value"));
  type("Value of level", "2");
  type("Key", "item.id");
  choose("After a delay");
  type("Delay", "30s");
  apply();
  expect(onChange).toHaveBeenCalledWith({
    job: "remind",
    on: "success",
    each: "output.items",
    args: { invoice: "item.id", level: 2 },
    key: "item.id",
    after: "30s",
  });
  expect(onClose).toHaveBeenCalled();
});

it("says at the field what does not go together, and applies nothing", async () => {
  const { onChange } = open({ each: "output.items", args: { invoice: "item.id" } });
  choose("When triggers pause (debounce)");
  expect(screen.getByLabelText("A run for each element of").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText(/cannot be debounced/)).toBeTruthy();
  expect(screen.getByText(/Args and debounce need a key/)).toBeTruthy();
  // What is only not filled in yet is told when one wants to go on.
  expect(screen.queryByText("Say how long, such as 2m.")).toBeNull();
  apply();
  expect(screen.getByText("Say how long, such as 2m.")).toBeTruthy();
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("A run for each element of")));
  type("After no trigger for", "2m");
  expect(screen.getByLabelText("But at most after").getAttribute("placeholder")).toBe("20m");
  type("A run for each element of", "");
  type("Key", "run.project");
  type("But at most after", "1m");
  expect(screen.getByText(/shorter than the pause/)).toBeTruthy();
  type("But at most after", "10m");
  expect(onChange).not.toHaveBeenCalled();
  apply();
  expect(onChange).toHaveBeenCalledWith({
    job: "remind",
    on: "success",
    args: { invoice: "item.id" },
    key: "run.project",
    debounce: "2m",
    at_most: "10m",
  });
});

it("opens what is hidden where an arg is missing", () => {
  const { onChange } = open();
  choose("Give the runs args");
  apply();
  expect(onChange).not.toHaveBeenCalled();
  expect(more()?.open).toBe(true);
  expect(screen.getByText("A value is needed.")).toBeTruthy();
});

it("removes an arg that is not needed, and gives none when asked to", () => {
  const { onChange } = open({ args: { invoice: "output.id", level: 2 } });
  expect(screen.queryByLabelText("Remove invoice")).toBeNull();
  fireEvent.click(screen.getByLabelText("Remove level"));
  apply();
  expect(onChange).toHaveBeenLastCalledWith({ job: "remind", on: "success", args: { invoice: "output.id" } });
  choose("Give the runs args");
  expect(screen.getByText(/get the args in \[jobs.remind.args\]/).textContent).toContain("remind needs invoice");
  apply();
  expect(onChange).toHaveBeenLastCalledWith({ job: "remind", on: "success" });
});

it("offers no output where a failure is followed", () => {
  open({ on: "failure" });
  type("Only if this expression is true", "");
  expect(offered("Only if this expression is true").some((field) => field.startsWith("output"))).toBe(false);
});

it("shows what the latest run would lead to, and asks again after a pause of typing", async () => {
  answer = () =>
    Response.json({
      run_id: "0198-inv-12345678",
      ended_at: new Date(Date.now() - 190_000).toISOString(),
      project: "atlas",
      taken: true,
      reason: null,
      told: null,
      count: 12,
      runs: ["a", "b", "c", "d"].map((id) => ({ key: `inv-${id}`, args: { invoice: id } })),
    });
  open({ each: "output.items", key: "item.id" });
  await waitFor(() => expect(preview()).toContain("12 runs of remind"));
  expect(preview()).toContain("With the output of run 12345678 (atlas, 3 min. ago):");
  expect(preview()).toContain('key inv-a, args {"invoice":"a"}');
  expect(preview()).not.toContain("inv-d");
  expect(preview()).toContain("and 9 more");
  expect(asked.mock.calls).toEqual([[{ job: "sync", edge: { job: "remind", each: "output.items", key: "item.id" } }]]);
  vi.useFakeTimers();
  for (const text of ["o", "ou", "output.new > 0"]) type("Only if this expression is true", text);
  await act(() => vi.advanceTimersByTimeAsync(399));
  expect(asked).toHaveBeenCalledTimes(1);
  await act(() => vi.advanceTimersByTimeAsync(1));
  vi.useRealTimers();
  await waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  expect(asked.mock.lastCall).toEqual([
    { job: "sync", edge: { job: "remind", when: "output.new > 0", each: "output.items", key: "item.id" } },
  ]);
});

it("says why an edge would not be taken, what is due, and that no run has an output", async () => {
  open();
  await waitFor(() => expect(preview()).toBe("No run of sync has an output yet."));
  cleanup();
  const told = { ...NOTHING, run_id: "12345678", reason: "`output.new > 0` was false" };
  answer = () => Response.json(told);
  open({ when: "output.new > 0" });
  await waitFor(() => expect(preview()).toContain("not taken: `output.new > 0` was false"));
  cleanup();
  answer = () => Response.json({ ...told, taken: true, reason: null, count: 1 });
  open();
  await waitFor(() => expect(preview()).toContain("remind is triggered"));
  cleanup();
  answer = () => Response.json({ ...told, taken: true, count: 1, runs: [{ key: "", args: {} }] });
  open({ after: "30s" });
  await waitFor(() => expect(preview()).toContain("key of the schedule, args {}"));
});

it("shows what the host refuses at its field", async () => {
  const message =
    "`edge`: when: `when`: there is no field `nw`; did you mean it; args.invoice: `invoice`: no text; odd";
  answer = () => Response.json({ error: { code: "bad_request", message } }, { status: 400 });
  open({ when: "output.nw > 0", args: { invoice: "1" } });
  await waitFor(() => expect(screen.getByText(/there is no field/)).toBeTruthy());
  const when = screen.getByLabelText("Only if this expression is true");
  const at = (field: HTMLElement) =>
    (field.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
  expect(at(when)).toEqual(["there is no field `nw`; did you mean it"]);
  expect(at(screen.getByLabelText("Value of invoice"))).toEqual(["Which one.", "no text; odd"]);
  expect(preview()).toBe("The server does not accept this; the reason is at the field.");
  cleanup();
  answer = () => Response.json({ error: { message: "`edge`: args: `remind` needs the arg `x`" } }, { status: 400 });
  open();
  await waitFor(() => expect(preview()).toBe("`remind` needs the arg `x`"));
});

it("asks nothing while a field is wrong", async () => {
  open({ after: "soon" });
  expect(screen.getByText("Write a time such as 30s, 2m or 1h 30m.")).toBeTruthy();
  expect(preview()).toBe("A preview is shown when the fields above are complete.");
  type("Delay", "1h 30m");
  await waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
});

it("closes on Escape", () => {
  const { onClose } = open();
  fireEvent.keyDown(screen.getByLabelText("Key"), { key: "Escape" });
  expect(onClose).toHaveBeenCalled();
});
