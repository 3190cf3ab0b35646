import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { CONFIG_KEY, useRefreshOnConfig } from "./use-jobs-config";

/** A page whose data are fresh before each answer: what the answer makes stale. */
function page() {
  const client = new QueryClient();
  const keys = [CONFIG_KEY, ["views"], ["job-types"], ["data", "cards"]];
  for (const key of keys) client.setQueryData(key, 1);
  const stale = () => keys.filter((key) => client.getQueryState(key)?.isInvalidated);
  type Config = Parameters<typeof useRefreshOnConfig>[0];
  const { rerender } = renderHook(({ config }: { config: Config }) => useRefreshOnConfig(config), {
    initialProps: { config: undefined as Config },
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  });
  const answered = (revision: string, second: string) => {
    for (const key of keys) client.setQueryData(key, 1);
    rerender({ config: { revision, loaded_at: `2026-01-01T00:00:${second}Z` } });
    return stale();
  };
  return { answered, all: keys.slice(1) };
}

it("makes all but the config stale when another jobs.toml is in force", () => {
  const { answered, all } = page();
  expect(answered("a", "10")).toEqual([]);
  expect(answered("a", "10")).toEqual([]);
  // By a clock that is behind.
  expect(answered("b", "09")).toEqual(all);
});

it("makes it stale when another build of a plugin is in force", () => {
  const { answered, all } = page();
  answered("a", "10");
  expect(answered("a", "10.5")).toEqual(all);
});

it("leaves all as it is when servers that loaded the same at their own times take turns", () => {
  const { answered } = page();
  answered("a", "10");
  answered("a", "20");
  expect([answered("a", "10"), answered("a", "20"), answered("a", "10")]).toEqual([[], [], []]);
});
