import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { FilterBar } from "./filter-bar";
import type { Filter } from "./filters";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it.each([
  { kind: "text", steps: ["ab", "abc"] },
  { kind: "number", steps: ["12", "123"] },
] as const)("keeps what is typed of a $kind before the address has followed", ({ kind, steps: [first, whole] }) => {
  const onFilter = vi.fn();
  const filters: Filter[] = [{ name: "name", title: "Name", kind, choices: [] }];
  const bar = (values: Record<string, string>) => (
    <FilterBar filters={filters} values={values} onFilter={onFilter} onClear={() => {}} />
  );
  const { rerender } = render(bar({}));
  const field = screen.getByLabelText<HTMLInputElement>("Name");
  const type = (value: string) => fireEvent.change(field, { target: { value } });
  const pause = () => act(() => vi.runAllTimers());
  type(first);
  pause();
  type(whole);
  rerender(bar({ name: first }));
  expect(field.value).toBe(whole);
  pause();
  expect(onFilter.mock.calls).toEqual([
    ["name", first],
    ["name", whole],
  ]);
  rerender(bar({ name: whole }));
  rerender(bar({}));
  expect(field.value).toBe("");
});
