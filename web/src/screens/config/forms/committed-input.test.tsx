import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { CommittedInput } from "./committed-input";

const onCommit = vi.fn();
afterEach(() => {
  cleanup();
  onCommit.mockClear();
});

function show() {
  const input = (value: string) => (
    <CommittedInput id="x" label="Every" value={value} fallback="" faults={[]} disabled={false} onCommit={onCommit} />
  );
  const { rerender } = render(input("1m"));
  const field = screen.getByLabelText<HTMLInputElement>("Every");
  return {
    field,
    type: (value: string) => fireEvent.change(field, { target: { value } }),
    press: (key: string) => fireEvent.keyDown(field, { key }),
    follow: (value: string) => rerender(input(value)),
  };
}

it("keeps what is typed before the host has made the edit", () => {
  const { field, type, press, follow } = show();
  type("2m");
  press("Enter");
  type("2m3");
  follow("2m");
  expect(field.value).toBe("2m3");
});

it("shows what the text becomes by undo, and after Escape", () => {
  const { field, type, press, follow } = show();
  type("2m");
  press("Enter");
  follow("2m");
  follow("1m");
  expect(field.value).toBe("1m");
  type("3m");
  press("Enter");
  press("Escape");
  expect(field.value).toBe("1m");
  follow("3m");
  expect(field.value).toBe("3m");
});
