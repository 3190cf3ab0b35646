import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import type { Run } from "../../api/types";
import { RunTable } from "./run-table";

vi.mock("./run-row", () => ({ RunRow: () => null }));

afterEach(cleanup);

it("selects a page only when all of it is there", () => {
  const onSelect = vi.fn();
  const runs = [{ id: "1" }, { id: "2" }] as Run[];
  const table = (whole: boolean) => (
    <RunTable
      runs={runs}
      before={0}
      whole={whole}
      total={2}
      sort="-queued_at"
      onSort={() => {}}
      chosen={new Set()}
      onSelect={onSelect}
      current={undefined}
      onCurrent={() => {}}
      now={0}
      stale={false}
      handle={null}
    />
  );
  const { rerender } = render(table(false));
  const box = () => screen.getByLabelText<HTMLInputElement>("Select all on this page", { selector: "input" });
  expect(box().disabled).toBe(true);
  rerender(table(true));
  expect(box().disabled).toBe(false);
  fireEvent.click(box());
  expect(onSelect.mock.calls).toEqual([[["1", "2"], true]]);
});
