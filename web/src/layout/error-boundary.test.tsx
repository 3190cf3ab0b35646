import { render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { ErrorBoundary } from "./error-boundary";

function Broken({ broken }: { broken: boolean }) {
  if (broken) throw new Error("out of order");
  return <p>all is well</p>;
}

afterEach(() => vi.restoreAllMocks());

it("says what is wrong in the place of a screen, and lets another address try", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const at = (path: string, broken: boolean) => (
    <ErrorBoundary at={path}>
      <Broken broken={broken} />
    </ErrorBoundary>
  );
  const { rerender } = render(at("/a", true));
  expect(screen.getByRole("alert").textContent).toContain("out of order");
  rerender(at("/a", false));
  expect(screen.queryByText("all is well")).toBeNull();
  rerender(at("/b", false));
  expect(screen.getByText("all is well")).toBeTruthy();
});
