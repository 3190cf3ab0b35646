import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it } from "vitest";

import type { Card } from "./product-data";
import { ProjectRows } from "./project-rows";

afterEach(cleanup);

const card = (nth: number, more: Partial<Card> = {}): Card => ({
  project_id: `p${nth}`,
  slug: `project-${nth}`,
  name: `Project ${nth}`,
  health: { score: null, scored_at: null, delta_7d: null, factors: [] },
  messages_total: 0,
  messages_7d: 0,
  signals_open: 0,
  last_message_at: null,
  recommendations_open: 0,
  sources_failing: [],
  trend: [],
  ...more,
});

const show = (cards: Card[]) =>
  render(
    <MemoryRouter initialEntries={["/?signal=budget"]}>
      <ProjectRows cards={cards} seen={{}} />
    </MemoryRouter>,
  );

it("shows some of many projects, and all of them if asked", () => {
  show(Array.from({ length: 40 }, (_, nth) => card(nth)));
  expect(screen.getAllByTestId("portfolio-row")).toHaveLength(12);
  fireEvent.click(screen.getByRole("button", { name: "Show all 40" }));
  expect(screen.getAllByTestId("portfolio-row")).toHaveLength(40);
  expect(screen.queryByTestId("all-projects")).toBeNull();
});

it("leads to the card of a project, and says what of it needs a look", () => {
  const source = { source: "inbox", since: "2026-11-29T00:00:00Z", reason: "refused" };
  const health = { score: 41.6, scored_at: null, delta_7d: null, factors: [] };
  show([card(1, { sources_failing: [source] }), card(2, { health, messages_total: 3 }), card(3)]);
  const [failing, scored, empty] = screen.getAllByTestId("portfolio-row");
  expect(screen.getByRole("link", { name: "Project 1" }).getAttribute("href")).toBe(
    "/?signal=budget&project=project-1",
  );
  expect(failing?.textContent).toContain("1 source fails");
  expect(scored?.textContent).toContain("42");
  expect(empty?.textContent).toContain("no messages yet");
});
