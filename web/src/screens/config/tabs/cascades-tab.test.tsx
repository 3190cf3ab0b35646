import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import "../../../i18n";
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

function open() {
  const edit = vi.fn<Configuration["edit"]>();
  const configuration = {
    parsed: parsedToml(TEXT),
    types: [],
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
