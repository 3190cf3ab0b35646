import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { useTyped } from "./use-typed";

const told = vi.fn<(text: string) => void>();

function Field({ value }: { value: string }) {
  const [typed, setTyped] = useTyped(value, told);
  return <input value={typed} onChange={({ target }) => setTyped(target.value)} />;
}

const field = () => screen.getByRole<HTMLInputElement>("textbox");
const type = (value: string) => fireEvent.change(field(), { target: { value } });
const pause = () => act(() => vi.runAllTimers());

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  told.mockClear();
});

it("tells what is typed once a pause comes", () => {
  render(<Field value="" />);
  type("a");
  type("ab");
  expect(told).not.toHaveBeenCalled();
  pause();
  expect(told.mock.calls).toEqual([["ab"]]);
});

it("keeps what is typed before the address has followed", () => {
  const { rerender } = render(<Field value="" />);
  type("ab");
  pause();
  type("abc");
  rerender(<Field value="ab" />);
  expect(field().value).toBe("abc");
  pause();
  expect(told).toHaveBeenLastCalledWith("abc");
});

it("keeps a space that the address is without", () => {
  const { rerender } = render(<Field value="" />);
  type("late ");
  pause();
  rerender(<Field value="late" />);
  expect(field().value).toBe("late ");
});

it("shows what the address gets by another way", () => {
  const { rerender } = render(<Field value="" />);
  type("ab");
  pause();
  rerender(<Field value="ab" />);
  rerender(<Field value="" />);
  expect(field().value).toBe("");
});
