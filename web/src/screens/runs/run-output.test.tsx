import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import type { RunDetails } from "../../api/types";
import { RunOutput } from "./run-details";

afterEach(cleanup);

const run = (output: unknown) => ({ id: "r1", output, failed_attempts: [] as unknown }) as RunDetails;

it("shows what a run gave out, and nothing of one that gave out nothing", () => {
  const { rerender } = render(<RunOutput run={run({ new_ids: [7, 8] })} />);
  const shown = screen.getByRole("group", { name: "Output" });
  expect(JSON.parse(shown.querySelector("pre")?.textContent ?? "")).toEqual({ new_ids: [7, 8] });
  rerender(<RunOutput run={run(0)} />);
  expect(screen.getByRole("group").querySelector("pre")?.textContent).toBe("0");
  rerender(<RunOutput run={run(null)} />);
  expect(screen.queryByRole("group")).toBeNull();
});
