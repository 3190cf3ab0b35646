// @vitest-environment happy-dom
import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import { usePageTitle, useTitleNotice } from "./page-title";

afterEach(cleanup);

it("names the screen and its state, and puts a notice in front while there is one", () => {
  const { rerender, unmount } = renderHook(({ parts }) => usePageTitle(...parts), {
    initialProps: { parts: ["running", undefined, "nightly_sync"] as (string | undefined)[] },
  });
  expect(document.title).toBe("running · nightly_sync · Cascade");
  const away = renderHook(() => useTitleNotice("Offline"));
  expect(document.title).toBe("Offline · running · nightly_sync · Cascade");
  rerender({ parts: ["failed", "nightly_sync"] });
  expect(document.title).toBe("Offline · failed · nightly_sync · Cascade");
  away.unmount();
  expect(document.title).toBe("failed · nightly_sync · Cascade");
  unmount();
  expect(document.title).toBe("Cascade");
});

it("keeps the next screen's title when the one before goes away after it", () => {
  const before = renderHook(() => usePageTitle("Jobs"));
  renderHook(() => usePageTitle("Runs"));
  before.unmount();
  expect(document.title).toBe("Runs · Cascade");
});
