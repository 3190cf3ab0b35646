import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { CONFIG_KEY } from "../../live/use-jobs-config";
import { SavedToast } from "./saved-toast";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("says that a text is in force once a server answers with it, not when another server answers", async () => {
  vi.stubGlobal("fetch", () => new Promise(() => {}));
  const client = new QueryClient();
  const answered = (revision: string, loaded_at: string) =>
    act(async () => {
      client.setQueryData(CONFIG_KEY, { revision, loaded_at });
      // The cache tells of it by a timer.
      await vi.advanceTimersByTimeAsync(0);
    });
  await answered("r1", "2026-01-01T00:00:10Z");
  render(
    <QueryClientProvider client={client}>
      <SavedToast saved="r2" onGone={() => {}} />
    </QueryClientProvider>,
  );
  const inForce = () => screen.getByTestId("saved").dataset.inForce;
  await answered("r1", "2026-01-01T00:00:20Z");
  expect(inForce()).toBeUndefined();
  await answered("r2", "2026-01-01T00:00:30Z");
  expect(inForce()).toBe("true");
});
