import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import "../i18n";
import { BusBanner } from "./bus-banner";
import type { StreamState } from "./stream-state";

const live: StreamState = { state: "live", bus: "redis", degraded: false };
const shown = () => screen.queryByTestId("bus-banner")?.dataset.bus;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("BusBanner", () => {
  it("says nothing while the best bus carries, and names the lack otherwise", () => {
    const { rerender } = render(<BusBanner stream={live} />);
    expect(shown()).toBeUndefined();
    rerender(<BusBanner stream={{ state: "live", bus: "postgres", degraded: true }} />);
    expect(shown()).toBe("degraded");
    rerender(<BusBanner stream={{ state: "polling", bus: "none", degraded: true }} />);
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
});
