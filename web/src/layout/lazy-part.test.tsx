import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { lazyPart, loaded } from "./lazy-part";

const Part = () => <p>the part</p>;
const gone = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));
let up: boolean;

beforeEach(() => {
  up = false;
  vi.stubGlobal("fetch", async () => (up ? new Response("{}") : Promise.reject(new TypeError("Failed to fetch"))));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("waits while the server is away, and comes once it is back", async () => {
  const load = vi.fn(() => (up ? Promise.resolve({ default: Part }) : gone()));
  const Lazy = lazyPart(load, <p>loading</p>);
  render(<Lazy />);
  await vi.waitFor(() => expect(load).toHaveBeenCalled());
  expect(screen.getByText("loading")).toBeTruthy();
  up = true;
  expect(await screen.findByText("the part")).toBeTruthy();
});

it("loads the page again for a part that a running server does not have, and fails if that has not helped", async () => {
  up = true;
  const reload = vi.fn(() => true);
  void loaded(gone, reload);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce());
  await expect(loaded(gone, () => false)).rejects.toThrow("Failed to fetch");
});

it("is there at once where it was loaded before", async () => {
  const load = vi.fn(() => Promise.resolve({ default: Part }));
  const Lazy = lazyPart(load, <p>loading</p>);
  await Lazy.preload();
  render(<Lazy />);
  expect(screen.getByText("the part")).toBeTruthy();
  expect(load).toHaveBeenCalledOnce();
});

it("takes the place of what is pending as soon as it has come", async () => {
  let come = (_: { default: typeof Part }) => {};
  const Lazy = lazyPart(() => new Promise<{ default: typeof Part }>((resolve) => (come = resolve)), <p>loading</p>);
  render(<Lazy />);
  expect(screen.getByText("loading")).toBeTruthy();
  const began = performance.now();
  await act(async () => come({ default: Part }));
  // Not `findByText`: React's own fallback would stay for 300 ms.
  expect(screen.getByText("the part")).toBeTruthy();
  expect(performance.now() - began).toBeLessThan(300);
});
