import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ApiError, get, post, put, remove } from "./client";
import { setGuard } from "./guard";

const json = (status: number, body: unknown) => () => new Response(JSON.stringify(body), { status });
const NO_TOKEN = json(403, { error: { message: "x-csrf-token is missing or wrong" } });

let asked: { path: string; method: string; token: string | undefined }[];
let answers: (() => Response)[];
let token: string;
const renew = vi.fn(async () => {
  token = "new";
});
const refused = vi.fn();

beforeEach(() => {
  asked = [];
  token = "old";
  vi.clearAllMocks();
  vi.stubGlobal("fetch", async (path: string, { method = "GET", headers }: RequestInit) => {
    asked.push({ path, method, token: (headers as Record<string, string> | undefined)?.["x-csrf-token"] });
    return (answers.shift() ?? json(200, {}))();
  });
  setGuard({ csrfToken: () => token, renew, refused });
});
afterEach(() => {
  setGuard();
  vi.unstubAllGlobals();
});

it("repeats the token where something changes, and nowhere else", async () => {
  answers = [];
  await get("/a");
  await post("/b", {});
  await remove("/c");
  expect(asked.map((each) => each.token)).toEqual([undefined, "old", "old"]);
  setGuard();
  await post("/b", {});
  expect(asked.at(-1)?.token).toBeUndefined();
});

it("takes an answer without a body", async () => {
  answers = [() => new Response(null, { status: 204 })];
  expect(await put("/a", {})).toBeUndefined();
});

it("asks for the token of now once, and tries again", async () => {
  answers = [NO_TOKEN, json(200, { done: true })];
  expect(await post("/a", {})).toEqual({ done: true });
  expect(asked.map((each) => each.token)).toEqual(["old", "new"]);
  answers = [NO_TOKEN, NO_TOKEN];
  await expect(post("/a", {})).rejects.toThrow(/csrf/);
  expect(renew).toHaveBeenCalledTimes(2);
});

it("does not try again what is not for this person", async () => {
  answers = [json(403, { error: { message: "this takes the role editor", help: "ask an owner" } })];
  await expect(post("/a", {})).rejects.toMatchObject({ status: 403, help: "ask an owner" });
  expect(renew).not.toHaveBeenCalled();
});

it("tells that nobody is signed in, but for a sign-in that does not fit", async () => {
  const no = json(401, { error: { message: "no" } });
  answers = [no, no, no, no];
  await expect(post("/session", {})).rejects.toBeInstanceOf(ApiError);
  await expect(post("/session/link", {})).rejects.toBeInstanceOf(ApiError);
  expect(refused).not.toHaveBeenCalled();
  await expect(get("/jobs/runs", { page: 2 })).rejects.toBeInstanceOf(ApiError);
  await expect(put("/session/project", {})).rejects.toBeInstanceOf(ApiError);
  expect(refused).toHaveBeenCalledTimes(2);
});
