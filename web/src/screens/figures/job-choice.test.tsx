import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { JobChoice } from "./job-choice";

vi.mock("../jobs/jobs-data", () => ({
  useJobTypes: () => ({ data: { items: [{ name: "sync" }, { name: "sync_bills" }, { name: "train" }] } }),
}));

const onJob = vi.fn();
afterEach(() => {
  cleanup();
  onJob.mockClear();
});

function show() {
  const { rerender } = render(<JobChoice job="" onJob={onJob} />);
  const field = screen.getByTestId<HTMLInputElement>("figures-job");
  return {
    field,
    type: (value: string) => fireEvent.change(field, { target: { value } }),
    follow: (job: string) => rerender(<JobChoice job={job} onJob={onJob} />),
  };
}

it("keeps what is typed after a whole name, before the address has followed", () => {
  const { field, type, follow } = show();
  type("sync");
  expect(onJob.mock.calls).toEqual([["sync"]]);
  type("sync_b");
  follow("sync");
  expect(field.value).toBe("sync_b");
});

it("shows the whole name of what Enter chose, also when it is left before the address has followed", () => {
  const { field, type, follow } = show();
  type("tra");
  fireEvent.keyDown(field, { key: "Enter" });
  fireEvent.blur(field);
  expect(field.value).toBe("train");
  follow("train");
  expect(field.value).toBe("train");
});

it("shows the job that the address gets by another way", () => {
  const { field, type, follow } = show();
  type("sync");
  follow("sync");
  follow("");
  expect(field.value).toBe("");
});
