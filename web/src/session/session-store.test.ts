import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { SessionStore } from "./session-store";

const OUT = { sign_in: true, oidc: false, user: null };
const as = (name: string, active_project: string | null = null) => ({
  ...OUT,
  user: { name, admin: false, projects: [], active_project, csrf_token: `${name}-token`, has_password: true },
});

/** What the host answers to each request, in the order they were made. */
let pending: { path: string; answer: (status: number, body?: unknown) => void }[];
let store: SessionStore;
let stop: () => void;
const startOver = vi.fn();
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const who = () => store.current().session?.user?.name;

beforeEach(async () => {
  pending = [];
  startOver.mockClear();
  vi.stubGlobal(
    "fetch",
    (path: string) =>
      new Promise<Response>((resolve) => {
        pending.push({
          path,
          answer: (status, body) => resolve(new Response(body === undefined ? null : JSON.stringify(body), { status })),
        });
      }),
  );
  store = new SessionStore(startOver);
  stop = store.start();
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

it("takes a host without sessions for one where nobody signs in", async () => {
  pending[0]?.answer(404, {});
  await settle();
  expect(store.current().session).toMatchObject({ sign_in: false, user: null });
});

it("does not take a host that cannot be reached for signed out", async () => {
  pending[0]?.answer(200, as("ada"));
  await settle();
  void store.load();
  pending[1]?.answer(500, {});
  await settle();
  expect(who()).toBe("ada");
  expect(store.current().error).toBeDefined();
});

it("lets no older answer undo a sign-in", async () => {
  void store.signIn("ada", "secret");
  pending[1]?.answer(200, as("ada"));
  await settle();
  pending[0]?.answer(200, OUT);
  await settle();
  expect(who()).toBe("ada");
});

it("asks once when many requests find out that nobody is signed in", async () => {
  pending[0]?.answer(200, as("ada"));
  await settle();
  void store.check();
  void store.check();
  expect(pending).toHaveLength(2);
  pending[1]?.answer(200, OUT);
  await settle();
  expect(store.current().session).toEqual(OUT);
});

it("starts over for another person, and goes on for the same", async () => {
  pending[0]?.answer(200, as("ada"));
  await settle();
  void store.signOut();
  pending[1]?.answer(204);
  await settle();
  expect(who()).toBeUndefined();
  void store.signIn("ada", "secret");
  pending[2]?.answer(200, as("ada"));
  await settle();
  expect(who()).toBe("ada");
  expect(startOver).not.toHaveBeenCalled();
  void store.load();
  pending[3]?.answer(200, as("bob"));
  await settle();
  expect(startOver).toHaveBeenCalledTimes(1);
  expect(who()).toBe("ada");
});

it("is signed out also when it was so already", async () => {
  pending[0]?.answer(200, as("ada"));
  await settle();
  void store.signOut({ everywhere: true });
  expect(pending[1]?.path).toBe("/api/session/all");
  pending[1]?.answer(401, { error: { message: "nobody is signed in" } });
  await settle();
  expect(who()).toBeUndefined();
});

it("keeps what it looks at once the host has it", async () => {
  pending[0]?.answer(200, as("ada"));
  await settle();
  const done = store.lookAt("p1");
  expect(store.current().session?.user?.active_project).toBeNull();
  pending[1]?.answer(204);
  await done;
  expect(store.current().session?.user?.active_project).toBe("p1");
});
