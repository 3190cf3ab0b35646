import { act, cleanup, render } from "@testing-library/react";
import { BrowserRouter } from "react-router";
import { afterEach, expect, it } from "vitest";

import { useScopedNavigate } from "./project-scope";
import { useAddress } from "./use-address";

afterEach(cleanup);

let set: ReturnType<typeof useAddress>["set"] = () => {};
let go: ReturnType<typeof useScopedNavigate> = () => {};

function Page() {
  set = useAddress().set;
  go = useScopedNavigate();
  return null;
}

function open(at: string): void {
  window.history.replaceState(null, "", at);
  render(
    <BrowserRouter>
      <Page />
    </BrowserRouter>,
  );
}

const address = () => window.location.pathname + window.location.search;

it("goes to a page within the project that was chosen since the last render", () => {
  open("/jobs?project=a&q=text");
  act(() => {
    set({ project: "b" });
    go("/runs");
  });
  expect(address()).toBe("/runs?project=b");
});

it("goes to a page without a project where none is chosen, with what is to be shown there", () => {
  open("/config/cascades");
  act(() => go("/config/jobs", { job: "a b" }));
  expect(address()).toBe("/config/jobs?job=a+b");
});
