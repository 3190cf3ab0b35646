import { cleanup, render, screen } from "@testing-library/react";
import { Suspense } from "react";
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
  const Lazy = lazyPart(load);
  render(
    <Suspense fallback={<p>loading</p>}>
      <Lazy />
    </Suspense>,
  );
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
