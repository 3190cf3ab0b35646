import { describe, expect, it } from "vitest";

import type { Edit } from "../../../api/types";
import { draftOf, stepped, textOf } from "./draft";
import { overlaps, rebase } from "./rebase";

const BASE = 'a = 1\n\n[t]\nx = "1m"\ny = 2\n\n[u]\nz = 3\n';
/** As the host would, for texts of this shape. */
const makeEdits = async (text: string, edits: Edit[]) =>
  edits.reduce((made, edit) => {
    const line = new RegExp(`^${edit.path.at(-1)} = .*$`, "m");
    if (edit.op !== "set" || !line.test(made)) throw new Error("path does not fit");
    return made.replace(line, `${edit.path.at(-1)} = ${JSON.stringify(edit.value)}`);
  }, text);
const set = (path: string[], value: unknown): Edit[] => [{ op: "set", path, value }];
const draft = () => draftOf({ revision: "r1", text: BASE });
const theirs = (text: string) => ({ revision: "r2", text });

describe("rebase", () => {
  it("makes edits of meaning again, wherever their key stands by now", async () => {
    const edits = set(["t", "x"], "5m");
    const mine = stepped(draft(), { text: BASE.replace("1m", "5m"), edits });
    const done = await rebase(mine, theirs(`# new\n${BASE.replace("y = 2", "y = 9")}`), makeEdits);
    expect("draft" in done && textOf(done.draft)).toBe(`# new\n${BASE.replace("1m", "5m").replace("y = 2", "y = 9")}`);
    expect("draft" in done && done.draft.base.revision).toBe("r2");
    expect("draft" in done && done.draft.steps[0]?.edits).toEqual(edits);
  });

  it("carries what was typed where its surroundings are the same", async () => {
    const mine = stepped(draft(), { text: BASE.replace("z = 3", "z = 4") });
    const done = await rebase(mine, theirs(BASE.replace("a = 1", "a = 0")), makeEdits);
    expect("draft" in done && textOf(done.draft)).toBe(BASE.replace("z = 3", "z = 4").replace("a = 1", "a = 0"));
  });

  it("guesses nothing: typing that no longer fits is left to the person", async () => {
    const mine = stepped(draft(), { text: BASE.replace("z = 3", "z = 4") });
    const done = await rebase(mine, theirs(BASE.replace("z = 3", "z = 5")), makeEdits);
    expect(done).toEqual({ stuck: { text: BASE.replace("z = 3", "z = 4") }, reason: undefined });
  });

  it("tells why an edit cannot be made again", async () => {
    const mine = stepped(draft(), { text: BASE.replace("y = 2", "y = 3"), edits: set(["t", "y"], 3) });
    const done = await rebase(mine, theirs(BASE.replace("y = 2\n", "")), makeEdits);
    expect("stuck" in done && done.reason).toBe("path does not fit");
  });
});

it("names what both sides changed to something else", () => {
  const mine = stepped(draft(), { text: BASE.replace("1m", "5m"), edits: set(["t", "x"], "5m") });
  expect(overlaps(mine, BASE.replace("1m", "9m"), textOf(mine))).toEqual([{ path: "t.x", theirs: "9m", mine: "5m" }]);
  expect(overlaps(mine, BASE.replace("1m", "5m"), textOf(mine))).toEqual([]);
  expect(overlaps(mine, BASE.replace("z = 3", "z = 4"), textOf(mine))).toEqual([]);
});
