import { act, cleanup, fireEvent, render, renderHook, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { BusBanner } from "./bus-banner";
import type { StreamState } from "./stream-state";
import { useEventStream } from "./use-event-stream";

const live: StreamState = { state: "live", bus: "redis", degraded: false, retryAt: null };
const HANDLERS = { onJobCompleted: () => {}, onConfigChanged: () => {}, onReset: () => {} };
const shown = () => screen.queryByTestId("bus-banner")?.dataset.bus;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("BusBanner", () => {
  it("says nothing while the best bus carries, and names the lack otherwise", () => {
    const { rerender } = render(<BusBanner stream={live} />);
    expect(shown()).toBeUndefined();
    rerender(<BusBanner stream={{ state: "live", bus: "postgres", degraded: true, retryAt: null }} />);
    expect(shown()).toBe("degraded");
    rerender(<BusBanner stream={{ state: "polling", bus: "none", degraded: true, retryAt: null }} />);
    expect(shown()).toBe("none");
    rerender(<BusBanner stream={live} />);
    expect(shown()).toBeUndefined();
  });

  it("tells of a lost stream only when it stays lost", () => {
    const { rerender } = render(<BusBanner stream={{ ...live, state: "offline" }} />);
    act(() => void vi.advanceTimersByTime(2900));
    expect(shown()).toBeUndefined();
    act(() => void vi.advanceTimersByTime(200));
    expect(shown()).toBe("lost");
    rerender(<BusBanner stream={live} />);
    expect(shown()).toBeUndefined();
  });

  it("counts down to the next attempt, and begins it at a click", async () => {
    const sent: unknown[] = [];
    const { result } = renderHook(() => useEventStream(undefined, HANDLERS));
    await vi.dynamicImportSettled();
    expect(result.current.state).toBe("connecting");
    vi.spyOn(BroadcastChannel.prototype, "postMessage").mockImplementation((said) => void sent.push(said));
    const away: StreamState = { ...live, state: "offline", retryAt: Date.now() + 5000 };
    render(<BusBanner stream={away} />);
    act(() => void vi.advanceTimersByTime(3100));
    expect(screen.getByTestId("next-attempt").textContent).toBe("Next attempt in 2 s.");
    act(() => void vi.advanceTimersByTime(2000));
    expect(screen.getByTestId("next-attempt").textContent).toBe("Connecting…");
    sent.length = 0;
    fireEvent.click(screen.getByRole("button", { name: "Retry now" }));
    expect(sent).toMatchObject([{ kind: "hello", hurry: true }]);
  });
});
