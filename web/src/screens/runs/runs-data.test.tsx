import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isWhole, useRunTable } from "./runs-data";
import { NO_FILTERS, type RunFilters } from "./written-filters";

/** What was asked for, and the host that answers each when it is told to. */
const asked: { page: number; perPage: number; answer: () => void }[] = [];
let total = 0;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (address: string) => {
    const query = new URL(address, "http://host").searchParams;
    const [page, perPage] = [Number(query.get("page")), Number(query.get("per_page"))];
    const rows = Math.max(0, Math.min(perPage, total - (page - 1) * perPage));
    const items = Array.from({ length: rows }, (_, at) => ({
      id: String((page - 1) * perPage + at),
      state: "completed",
    }));
    const answer = () => Response.json({ items, page, per_page: perPage, total });
    return new Promise((resolve) => asked.push({ page, perPage, answer: () => resolve(answer()) }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function table(filters: RunFilters) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook((given: RunFilters) => useRunTable(undefined, given), { wrapper, initialProps: filters });
}

/** Answers what is asked next, once it is. */
async function answer(at: number) {
  await waitFor(() => expect(asked.length).toBe(at + 1));
  await act(async () => asked[at]?.answer());
}

it("has the first rows of a page before the whole of it", async () => {
  total = 450;
  const { result, rerender } = table({ ...NO_FILTERS, page: 2 });
  await answer(0);
  await waitFor(() => expect(result.current.data?.items).toHaveLength(50));
  expect(result.current.data?.items[0]?.id).toBe("200");
  expect(result.current.data?.total).toBe(450);
  await answer(1);
  await waitFor(() => expect(result.current.data?.items).toHaveLength(200));
  expect(result.current.data?.items[0]?.id).toBe("200");

  // Rows are there to look at: the next page comes as a whole.
  rerender({ ...NO_FILTERS, page: 3 });
  await answer(2);
  await waitFor(() => expect(result.current.data?.items).toHaveLength(50));
  expect(asked.map(({ page, perPage }) => [page, perPage])).toEqual([
    [5, 50],
    [2, 200],
    [3, 200],
  ]);
});

it("calls a page whole when all its own rows are there", async () => {
  total = 450;
  const { result, rerender } = table(NO_FILTERS);
  const whole = (page = 1) => isWhole(result.current, (page - 1) * 200);
  expect(whole()).toBe(false);
  await answer(0);
  await waitFor(() => expect(result.current.data?.items).toHaveLength(50));
  expect(whole()).toBe(false);
  await answer(1);
  await waitFor(() => expect(whole()).toBe(true));

  // The rows of the former filter, and then of the former page, are shown until its own are there.
  rerender({ ...NO_FILTERS, states: ["failed"] });
  expect([result.current.data?.items.length, whole()]).toEqual([200, false]);
  await answer(2);
  await waitFor(() => expect(whole()).toBe(true));
  rerender({ ...NO_FILTERS, page: 3 });
  expect([result.current.data?.items.length, whole(3)]).toEqual([200, false]);
  await answer(3);
  await waitFor(() => expect(whole(3)).toBe(true));
});

it("asks no more where the first rows are all", async () => {
  total = 3;
  const { result } = table(NO_FILTERS);
  await answer(0);
  await waitFor(() => expect(result.current.data?.items).toHaveLength(3));
  await waitFor(() => expect(result.current.refreshing).toBe(false));
  expect(isWhole(result.current, 0)).toBe(true);
  expect(asked).toHaveLength(1);
});
