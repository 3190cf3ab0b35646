// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";

import { isTyping, keyName } from "./key-name";
import { SEQUENCE_MS, Shortcuts } from "./shortcuts";

const plain = { ctrlKey: false, metaKey: false, altKey: false };
const shortcut = (keys: string) => ({ keys, label: keys, run: vi.fn() });

describe("Shortcuts", () => {
  it("finds a key and two keys in a row", () => {
    const all = new Shortcuts();
    all.add([shortcut("j"), shortcut("g j")]);
    expect(all.press("j", 0)?.keys).toBe("j");
    expect(all.press("g", 10)).toBeUndefined();
    expect(all.press("j", 20)?.keys).toBe("g j");
    expect(all.press("j", 30)?.keys).toBe("j");
  });

  it("forgets the first key after a while, and when the second fits nothing", () => {
    const all = new Shortcuts();
    all.add([shortcut("g t"), shortcut("t")]);
    all.press("g", 0);
    expect(all.press("t", SEQUENCE_MS + 1)?.keys).toBe("t");
    all.press("g", 5000);
    expect(all.press("x", 5001)).toBeUndefined();
    expect(all.press("t", 5002)?.keys).toBe("t");
  });

  it("lets what came last go first, and back again when it goes", () => {
    const all = new Shortcuts();
    const below = shortcut("r");
    const above = shortcut("r");
    all.add([below]);
    const remove = all.add([above]);
    expect(all.press("r", 0)).toBe(above);
    expect(all.all()).toEqual([above]);
    remove();
    expect(all.press("r", 0)).toBe(below);
  });
});

describe("keyName", () => {
  it("knows Ctrl and Cmd as one, and leaves Alt to the system", () => {
    expect(keyName({ ...plain, key: "k", code: "KeyK", ctrlKey: true })).toBe("mod+k");
    expect(keyName({ ...plain, key: "K", code: "KeyK", metaKey: true })).toBe("mod+k");
    expect(keyName({ ...plain, key: "j", code: "KeyJ", altKey: true })).toBeUndefined();
  });

  it("goes by the place of a letter of another script", () => {
    expect(keyName({ ...plain, key: "о", code: "KeyJ" })).toBe("j");
    expect(keyName({ ...plain, key: "л", code: "KeyK", ctrlKey: true })).toBe("mod+k");
  });

  it("keeps a Latin letter wherever it is on the keyboard", () => {
    expect(keyName({ ...plain, key: "j", code: "KeyC" })).toBe("j");
    expect(keyName({ ...plain, key: "?", code: "Slash" })).toBe("?");
  });
});

it("takes no key from a field that one types in", () => {
  const at = (html: string) => {
    document.body.innerHTML = html;
    return isTyping(document.body.querySelector("[data-at]"));
  };
  expect(at("<input data-at>")).toBe(true);
  expect(at("<textarea data-at></textarea>")).toBe(true);
  expect(at("<div contenteditable=true><p data-at></p></div>")).toBe(true);
  expect(at("<input type=checkbox data-at>")).toBe(false);
  expect(at("<button data-at></button>")).toBe(false);
});
