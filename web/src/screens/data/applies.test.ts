import { expect, it } from "vitest";

import { applies } from "./applies";

const action = (name: string, properties: object = {}) => ({ name, description: "", input_schema: { properties } });
const schema = { "x-actions": { accept: { status: ["open"] }, reopen: { status: ["accepted", "dismissed"] } } };

it("shows an action only where the row's schema says that it makes sense", () => {
  expect(applies(action("accept"), { status: "open" }, schema)).toBe(true);
  expect(applies(action("accept"), { status: "accepted" }, schema)).toBe(false);
  expect(applies(action("reopen"), { status: "dismissed" }, schema)).toBe(true);
  expect(applies(action("other"), { status: "open" }, schema)).toBe(true);
});

it("shows none whose input cannot take what the row has", () => {
  const close = action("close", { state: { enum: ["open"] }, note: { type: "string" } });
  expect(applies(close, { state: "open" }, {})).toBe(true);
  expect(applies(close, { state: "closed" }, {})).toBe(false);
  expect(applies(close, { note: "asked for what is missing" }, {})).toBe(true);
});

it("ignores a hint that is not well-formed", () => {
  for (const hint of [7, { accept: "open" }, { accept: { status: "open" } }]) {
    expect(applies(action("accept"), { status: "accepted" }, { "x-actions": hint })).toBe(true);
  }
});
