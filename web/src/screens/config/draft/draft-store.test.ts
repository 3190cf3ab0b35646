// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../../../api/client";
import { Outage } from "../../../api/outage";
import type { Edit } from "../../../api/types";
import { textOf } from "./draft";
import { DraftStore } from "./draft-store";

const r1 = { revision: "r1", text: "one\n" };
const add = (value: string): Edit[] => [{ op: "add_to_list", path: ["l"], value }];
const makeEdits = vi.fn(async (text: string, edits: Edit[]) =>
  edits.reduce((made, edit) => made + ("value" in edit ? `${String(edit.value)}\n` : ""), text),
);
const save = vi.fn<(text: string, base: string, comment?: string) => Promise<{ revision: string }>>();

beforeEach(() => sessionStorage.clear());

function store() {
  const made = new DraftStore(sessionStorage, makeEdits, save);
  made.onDisk(r1);
  return made;
}
const text = (of: DraftStore) => textOf(of.snapshot().draft!);

describe("DraftStore", () => {
  it("makes edits one after another, each of the text before", async () => {
    const drafts = store();
    await Promise.all([drafts.edit(add("a")), drafts.edit(add("b"))]);
    expect(text(drafts)).toBe("one\na\nb\n");
    drafts.undo();
    expect(text(drafts)).toBe("one\na\n");
  });

  it("loses nothing that is typed while an edit is made", async () => {
    const drafts = store();
    const edited = drafts.edit(add("a"));
    drafts.type("typed\n");
    await edited;
    expect(text(drafts)).toBe("typed\na\n");
  });

  it("says why an edit was not made, and goes on", async () => {
    const drafts = store();
    makeEdits.mockRejectedValueOnce(new Error("not TOML"));
    await drafts.edit(add("a"));
    expect(drafts.snapshot().fault?.message).toBe("not TOML");
    await drafts.edit(add("b"));
    expect([text(drafts), drafts.snapshot().fault]).toEqual(["one\nb\n", undefined]);
  });

  it("makes an edit, and those behind it, once the server is back", async () => {
    let back = () => {};
    const drafts = new DraftStore(sessionStorage, makeEdits, save, () => new Promise((resolve) => (back = resolve)));
    drafts.onDisk(r1);
    makeEdits.mockRejectedValueOnce(new Outage("away"));
    const edited = Promise.all([drafts.edit(add("a")), drafts.edit(add("b"))]);
    await vi.waitFor(() => expect(drafts.snapshot().fault?.message).toBe("away"));
    expect(text(drafts)).toBe("one\n");
    back();
    await edited;
    expect([text(drafts), drafts.snapshot().fault]).toEqual(["one\na\nb\n", undefined]);
  });

  it("survives a reload with its base and its steps", async () => {
    const drafts = store();
    await drafts.edit(add("a"));
    const again = store();
    expect(text(again)).toBe("one\na\n");
    expect(again.snapshot().draft?.base.revision).toBe("r1");
    again.undo();
    expect(text(again)).toBe("one\n");
    expect(sessionStorage.length).toBe(0);
  });

  it("follows the disk without changes, and with them keeps both", () => {
    const drafts = store();
    drafts.onDisk({ revision: "r2", text: "two\n" });
    expect(text(drafts)).toBe("two\n");
    drafts.type("mine\n");
    drafts.onDisk({ revision: "r3", text: "three\n" });
    expect([text(drafts), drafts.snapshot().theirs?.revision]).toEqual(["mine\n", "r3"]);
    drafts.onDisk({ revision: "r2", text: "two\n" });
    expect(drafts.snapshot().theirs).toBeUndefined();
    drafts.onDisk({ revision: "r4", text: "mine\n" });
    expect([drafts.snapshot().theirs, drafts.snapshot().draft?.base.revision]).toEqual([undefined, "r4"]);
  });

  it("saves against its base, and keeps what a conflict tells", async () => {
    const drafts = store();
    drafts.type("mine\n");
    save.mockRejectedValueOnce(new ApiError(409, "changed", undefined, { error: {}, revision: "r2", text: "two\n" }));
    await expect(drafts.save()).rejects.toThrow("changed");
    expect(drafts.snapshot().theirs).toEqual({ revision: "r2", text: "two\n" });
    save.mockResolvedValueOnce({ revision: "r3" });
    await drafts.save("why");
    expect(save).toHaveBeenLastCalledWith("mine\n", "r1", "why");
    expect([drafts.snapshot().draft?.base.revision, drafts.snapshot().theirs]).toEqual(["r3", undefined]);
  });

  it("stays at what it saved while the disk was read before, and undo leads back", async () => {
    const drafts = store();
    drafts.type("mine\n");
    save.mockResolvedValueOnce({ revision: "r2" });
    await drafts.save();
    drafts.onDisk(r1);
    expect(text(drafts)).toBe("mine\n");
    drafts.type("mine too\n");
    drafts.onDisk(r1);
    expect(drafts.snapshot().theirs).toBeUndefined();
    drafts.onDisk({ revision: "r2", text: "mine\n" });
    drafts.undo();
    drafts.undo();
    expect(text(drafts)).toBe("one\n");
    expect(drafts.snapshot().draft?.base.revision).toBe("r2");
  });

  it("follows the disk back to a text that it has left", async () => {
    const drafts = store();
    drafts.type("mine\n");
    save.mockResolvedValueOnce({ revision: "r2" });
    await drafts.save();
    drafts.onDisk({ revision: "r2", text: "mine\n" });
    drafts.onDisk(r1);
    expect(text(drafts)).toBe("one\n");
  });

  it("stays at the text of others that it took while the disk was read before", async () => {
    const drafts = store();
    drafts.type("mine\n");
    const r2 = { revision: "r2", text: "two\n" };
    save.mockRejectedValueOnce(new ApiError(409, "changed", undefined, { error: {}, ...r2 }));
    await expect(drafts.save()).rejects.toThrow("changed");
    drafts.merged(r2, "both\n");
    drafts.onDisk(r1);
    expect(drafts.snapshot().theirs).toBeUndefined();
    drafts.discard();
    drafts.onDisk(r1);
    expect(text(drafts)).toBe("two\n");
  });

  it("gives a discarded draft back", () => {
    const drafts = store();
    drafts.type("mine\n");
    drafts.discard();
    expect(text(drafts)).toBe("one\n");
    drafts.restore();
    expect(text(drafts)).toBe("mine\n");
  });
});
