// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { useAutoRefresh } from "./use-auto-refresh";

let hidden = false;

function setHidden(value: boolean) {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const advance = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

describe("useAutoRefresh", () => {
  it("fetches at each interval", async () => {
    const fetchFn = vi.fn(async () => {});
    renderHook(() => useAutoRefresh(fetchFn, 1000));
    await advance(3500);
    expect(fetchFn).toHaveBeenCalledTimes(3);
  });

  it("does nothing while it is not enabled", async () => {
    const fetchFn = vi.fn(async () => {});
    const { rerender } = renderHook(({ enabled }) => useAutoRefresh(fetchFn, 1000, { enabled }), {
      initialProps: { enabled: false },
    });
    await advance(3000);
    expect(fetchFn).not.toHaveBeenCalled();
    rerender({ enabled: true });
    await advance(1000);
    expect(fetchFn).toHaveBeenCalledTimes(1);
  });

  it("skips while the tab is hidden and fetches at once on return if stale", async () => {
    const fetchFn = vi.fn(async () => {});
    renderHook(() => useAutoRefresh(fetchFn, 1000));
    setHidden(true);
    await advance(5000);
    expect(fetchFn).not.toHaveBeenCalled();
    setHidden(false);
    await advance(0);
    expect(fetchFn).toHaveBeenCalledTimes(1);
  });

  it("does not fetch on return while the data are fresh", async () => {
    const fetchFn = vi.fn(async () => {});
    renderHook(() => useAutoRefresh(fetchFn, 1000));
    await advance(1000);
    setHidden(true);
    await advance(300);
    setHidden(false);
    await advance(0);
    expect(fetchFn).toHaveBeenCalledTimes(1);
  });

  it("never lets two fetches run at a time", async () => {
    const pending: (() => void)[] = [];
    const fetchFn = vi.fn(() => new Promise<void>((resolve) => pending.push(resolve)));
    const { result } = renderHook(() => useAutoRefresh(fetchFn, 1000));
    await advance(3000);
    void result.current();
    expect(fetchFn).toHaveBeenCalledTimes(1);
    pending[0]?.();
    await advance(1000);
    expect(fetchFn).toHaveBeenCalledTimes(2);
  });

  it("goes on after a fetch that failed", async () => {
    const fetchFn = vi.fn(() => Promise.reject(new Error("no network")));
    renderHook(() => useAutoRefresh(fetchFn, 1000));
    await advance(2000);
    expect(fetchFn).toHaveBeenCalledTimes(2);
  });

  it("leaves out what has just come by another way", async () => {
    const fetchFn = vi.fn(async () => {});
    const { rerender } = renderHook(({ updatedAt }) => useAutoRefresh(fetchFn, 1000, { updatedAt }), {
      initialProps: { updatedAt: 0 },
    });
    await advance(900);
    rerender({ updatedAt: Date.now() });
    await advance(1000);
    expect(fetchFn).not.toHaveBeenCalled();
    await advance(1000);
    expect(fetchFn).toHaveBeenCalledTimes(1);
  });

  it("counts as stale after its own time on return, however slow it polls", async () => {
    const fetchFn = vi.fn(async () => {});
    renderHook(() => useAutoRefresh(fetchFn, 5000, { staleAfterMs: 1000 }));
    setHidden(true);
    await advance(1500);
    setHidden(false);
    await advance(0);
    expect(fetchFn).toHaveBeenCalledTimes(1);
  });
});
