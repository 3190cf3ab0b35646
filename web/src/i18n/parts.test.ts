import { expect, it } from "vitest";

import { filesOf, partOf } from "../../bundle/first-texts";
import { PLACES } from "../places";
import en from "./en.json";
import type { Part, Texts } from "./parts";
import ru from "./ru.json";

const FIRST: Part[] = ["control-tower", "jobs", "graph-screen", "runs-screen", "problems"];

function keysOf(texts: Texts, path = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [`${path}${key}`] : keysOf(value, `${path}${key}.`),
  );
}

const has = (part: Part, file: string) => [...filesOf(part)].some((path) => path.endsWith(`/src/${file}`));

it("divides the texts of a language without losing one", () => {
  for (const texts of [en, ru] as Texts[]) {
    const [frame, rest] = [keysOf(partOf(texts, "frame")), keysOf(partOf(texts, "rest"))];
    expect([...frame, ...rest].sort()).toEqual(keysOf(texts).sort());
    expect(frame.length).toBeGreaterThan(30);
    expect(rest.length).toBeGreaterThan(1000);
  }
});

it("has the texts of the frame and of the screen in the part of a first screen, and few others", () => {
  for (const texts of [en, ru] as Texts[]) {
    const frame = keysOf(partOf(texts, "frame"));
    for (const part of FIRST) {
      const keys = keysOf(partOf(texts, part));
      expect(keys).toEqual(expect.arrayContaining(frame));
      expect(keys.length, part).toBeGreaterThan(frame.length + 10);
      expect(keys.length, part).toBeLessThan(350);
    }
    expect(partOf(texts, "jobs")).toMatchObject({ jobs: { run_states: (texts.jobs as Texts).run_states } });
    expect(keysOf(partOf(texts, "control-tower"))).toContain("tower.messages");
  }
});

it("knows what comes later and has no texts besides those of the screen", () => {
  expect(has("graph-screen", "screens/graph/graph-view.tsx")).toBe(true);
  expect(has("runs-screen", "screens/runs/histogram/run-histogram.tsx")).toBe(true);
  expect(has("control-tower", "screens/control-tower/messages.tsx")).toBe(true);
  expect(has("frame", "layout/shell.tsx")).toBe(true);
  expect(has("graph-screen", "screens/graph/job-panel.tsx")).toBe(false);
});

it("has a part for each screen that is asked for early", () => {
  expect(PLACES.filter(({ first }) => first).map(({ texts }) => texts)).toEqual(expect.arrayContaining(FIRST));
  expect(PLACES.filter(({ texts }) => texts).every(({ first }) => first)).toBe(true);
  for (const { load, texts } of PLACES) if (texts) expect(`${load}`).toContain(`/${texts}`);
});
