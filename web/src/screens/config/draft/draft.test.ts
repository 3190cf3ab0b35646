import { describe, expect, it } from "vitest";

import {
  canRedo,
  canUndo,
  draftOf,
  isChanged,
  redone,
  savedAs,
  stepped,
  stepsSinceBase,
  textOf,
  undone,
} from "./draft";

const base = { revision: "r1", text: "a" };
const typed = (texts: string[], joined = false) =>
  texts.reduce((draft, text) => stepped(draft, { text }, joined), draftOf(base));

describe("a draft", () => {
  it("goes back and forth, and forgets what was undone when it goes on", () => {
    let draft = typed(["ab", "abc"]);
    draft = undone(draft);
    expect([textOf(draft), canRedo(draft)]).toEqual(["ab", true]);
    expect(textOf(redone(draft))).toBe("abc");
    draft = stepped(draft, { text: "abd" });
    expect([textOf(draft), canRedo(draft)]).toEqual(["abd", false]);
    expect(textOf(undone(undone(undone(draft))))).toBe("a");
    expect(isChanged(undone(undone(draft)))).toBe(false);
  });

  it("takes typing without a pause for one step, but not across an edit", () => {
    let draft = typed(["ab", "abc"], true);
    expect(draft.steps).toHaveLength(1);
    draft = stepped(draft, { text: "abcd", edits: [{ op: "remove", path: ["x"] }] }, true);
    draft = stepped(draft, { text: "abcde" }, true);
    expect(draft.steps.map(({ text }) => text)).toEqual(["abc", "abcd", "abcde"]);
  });

  it("does not step on the spot", () => {
    const draft = typed(["ab"]);
    expect(stepped(draft, { text: "ab" })).toBe(draft);
  });

  it("can undo past a save, as a change of what was saved", () => {
    let draft = savedAs(typed(["ab", "abc"]), { revision: "r2", text: "abc" });
    expect([isChanged(draft), canUndo(draft)]).toEqual([false, true]);
    draft = stepped(draft, { text: "abcd" }, true);
    expect(stepsSinceBase(draft)).toEqual([{ text: "abcd" }]);
    draft = undone(undone(draft));
    expect([textOf(draft), isChanged(draft)]).toEqual(["ab", true]);
    expect(stepsSinceBase(draft)).toEqual([{ text: "ab" }]);
    expect(stepsSinceBase(stepped(draft, { text: "x" }))).toEqual([{ text: "x" }]);
  });

  it("keeps only so many steps", () => {
    const draft = typed(Array.from({ length: 150 }, (_, at) => `a${at}`));
    expect(draft.steps).toHaveLength(100);
    expect(draft.first).toBe("a49");
    expect(textOf(draft)).toBe("a149");
    expect(stepsSinceBase(draft)).toEqual([{ text: "a149" }]);
  });
});
