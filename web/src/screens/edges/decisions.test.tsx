import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it } from "vitest";

import "../../i18n";
import type { Decision } from "../../api/types";
import { Decisions } from "./decisions";

afterEach(cleanup);

const decision = (part: Partial<Decision>): Decision => ({
  job: "down",
  on: "success",
  when: null,
  taken: true,
  reason: null,
  ...part,
});

it("says what was not triggered and why", () => {
  const reason = "`output.new > 0` was false";
  render(
    <MemoryRouter>
      <Decisions
        decisions={[decision({ when: "output.new > 0", taken: false, reason }), decision({ job: "always" })]}
      />
    </MemoryRouter>,
  );
  const lines = screen.getAllByRole("listitem").map((line) => line.textContent);
  expect(lines[0]).toContain("if output.new > 0");
  expect(lines[0]).toContain("not triggered: `output.new > 0` was false");
  expect(lines[1]).toContain("triggered");
});

it("is not there where the run's state says it all", () => {
  const { container } = render(<Decisions decisions={[]} />);
  expect(container.textContent).toBe("");
});
