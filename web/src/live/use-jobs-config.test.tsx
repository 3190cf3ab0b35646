import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { CONFIG_KEY, useRefreshOnConfig } from "./use-jobs-config";

it("makes all but the config stale when another jobs.toml is in force", () => {
  const client = new QueryClient();
  const keys = [CONFIG_KEY, ["views"], ["job-types"], ["data", "cards"]];
  for (const key of keys) client.setQueryData(key, 1);
  const stale = () => keys.filter((key) => client.getQueryState(key)?.isInvalidated);
  const { rerender } = renderHook(({ at }: { at?: string }) => useRefreshOnConfig(at), {
    initialProps: { at: undefined as string | undefined },
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  });
  rerender({ at: "1" });
  rerender({ at: "1" });
  expect(stale()).toEqual([]);
  rerender({ at: "2" });
  expect(stale()).toEqual(keys.slice(1));
});
