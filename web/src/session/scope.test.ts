import { describe, expect, it } from "vitest";
import type { Session, SessionUser } from "../api/types";
import { mayDo } from "./rights";
import { scopeOf } from "./scope";
import { OPEN } from "./session-api";

const PROJECTS = [
  { id: "1", slug: "atlas", name: "Atlas", role: "viewer" as const },
  { id: "2", slug: "cedar", name: "Cedar", role: "editor" as const },
];
const who = (user: Partial<SessionUser>): Session => ({
  sign_in: true,
  oidc: false,
  user: {
    name: "ada",
    display_name: null,
    admin: false,
    projects: PROJECTS,
    active_project: null,
    csrf_token: "",
    has_password: true,
    ...user,
  },
});

describe("scopeOf", () => {
  it("goes by the address first, then by the session", () => {
    const session = who({ active_project: "2" });
    expect(scopeOf(session, "atlas")).toBe("atlas");
    expect(scopeOf(session, null)).toBe("cedar");
    expect(scopeOf(who({ admin: true, active_project: "2" }), null)).toBe("cedar");
  });

  it("shows all only to who may see all", () => {
    expect(scopeOf(OPEN, null)).toBe("");
    expect(scopeOf(who({ admin: true }), null)).toBe("");
    expect(scopeOf(who({}), null)).toBe("atlas");
    expect(scopeOf(who({}), "")).toBe("atlas");
    expect(scopeOf(who({ projects: [] }), null)).toBe("");
  });

  it("does not go to a project of others", () => {
    expect(scopeOf(who({ active_project: "2" }), "borealis")).toBe("cedar");
    expect(scopeOf(who({ active_project: "3" }), null)).toBe("atlas");
    // It may have come after the session was read.
    expect(scopeOf(who({ admin: true }), "borealis")).toBe("borealis");
  });
});

describe("mayDo", () => {
  it("lets each role do what the lesser ones may, in its project", () => {
    const session = who({});
    expect(mayDo(session, "viewer", "1")).toBe(true);
    expect(mayDo(session, "editor", "1")).toBe(false);
    expect(mayDo(session, "viewer", "2")).toBe(true);
    expect(mayDo(session, "editor", "2")).toBe(true);
    expect(mayDo(session, "owner", "2")).toBe(false);
    expect(mayDo(session, "viewer", "3")).toBe(false);
  });

  it("asks for any project where none is named", () => {
    expect(mayDo(who({}), "editor")).toBe(true);
    expect(mayDo(who({}), "owner")).toBe(false);
    expect(mayDo(who({ projects: [] }), "viewer")).toBe(false);
  });

  it("lets administrators, and all where nobody signs in, do everything", () => {
    expect(mayDo(who({ admin: true, projects: [] }), "owner", "9")).toBe(true);
    expect(mayDo(OPEN, "owner", "9")).toBe(true);
    expect(mayDo({ sign_in: true, oidc: false, user: null }, "viewer")).toBe(false);
  });
});
