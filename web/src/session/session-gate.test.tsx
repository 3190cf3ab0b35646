import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const OUT = { sign_in: true, oidc: true, user: null };
const PROJECT = { id: "1", slug: "atlas", name: "Atlas", role: "viewer" };
const IN = {
  ...OUT,
  user: { name: "ada", admin: false, projects: [PROJECT], active_project: null, csrf_token: "t", has_password: true },
};

/** The host's answer to `METHOD path`. */
let host: Record<string, [number, unknown]>;
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (path: string, { method = "GET" }: RequestInit = {}) => {
    asked.push(`${method} ${path}`);
    const [status, body] = host[`${method} ${path}`] ?? [404, {}];
    return new Response(JSON.stringify(body), { status });
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function at(address: string) {
  // A page of its own each time: the session is the page's.
  vi.resetModules();
  await (await import("../i18n")).readLanguage("en");
  const { SessionGate } = await import("./session-gate");
  const Inside = () => {
    const { pathname, search } = useLocation();
    return <p data-testid="inside">{pathname + search}</p>;
  };
  const Address = () => {
    const { pathname, search } = useLocation();
    return <p data-testid="address">{pathname + search}</p>;
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter initialEntries={[address]}>
        <SessionGate>
          <Inside />
        </SessionGate>
        <Address />
      </MemoryRouter>
    </QueryClientProvider>,
  );
}
const address = () => screen.getByTestId("address").textContent;

it("shows the app where nobody signs in, and by a host without sessions", async () => {
  host = {};
  await at("/jobs");
  expect((await screen.findByTestId("inside")).textContent).toBe("/jobs");
});

it("shows the sign-in page at any address, and then what was wanted", async () => {
  host = { "GET /api/session": [200, OUT], "POST /api/session": [200, IN] };
  await at("/runs?state=failed");
  await screen.findByTestId("sign-in", {}, { timeout: 5000 });
  expect(screen.queryByTestId("inside")).toBeNull();
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "ada" } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "secret" } });
  fireEvent.submit(screen.getByLabelText("Name").closest("form") as HTMLFormElement);
  expect((await screen.findByTestId("inside")).textContent).toBe("/runs?state=failed");
});

it("says what does not fit, and when to wait", async () => {
  host = { "GET /api/session": [200, OUT], "POST /api/session": [401, {}] };
  await at("/");
  const form = (await screen.findByLabelText("Name", {}, { timeout: 5000 })).closest("form") as HTMLFormElement;
  fireEvent.submit(form);
  await screen.findByText("Wrong name or password.");
  host["POST /api/session"] = [429, {}];
  fireEvent.submit(form);
  await screen.findByText("Too many attempts.");
});

it("uses a link once, and takes it out of the address", async () => {
  host = { "GET /api/session": [200, OUT], "POST /api/session/link": [401, {}] };
  await at("/sign-in?link=secret");
  await screen.findByText("This link is no longer valid.", {}, { timeout: 5000 });
  await waitFor(() => expect(address()).toBe("/sign-in"));
  expect(asked.filter((request) => request === "POST /api/session/link")).toHaveLength(1);
});

it("has nothing to sign in to for who is signed in", async () => {
  host = { "GET /api/session": [200, IN] };
  await at("/sign-in");
  await waitFor(() => expect(address()).toBe("/"));
  await screen.findByTestId("inside");
});

it("says so to who is a member of nothing", async () => {
  host = { "GET /api/session": [200, { ...IN, user: { ...IN.user, projects: [] } }] };
  await at("/");
  await screen.findByTestId("no-project", {}, { timeout: 5000 });
});

it("does not take a host that fails for one without sign-in", async () => {
  host = { "GET /api/session": [500, { error: { message: "the server could not answer" } }] };
  await at("/");
  await screen.findByText("the server could not answer");
  expect(screen.queryByTestId("inside")).toBeNull();
});
