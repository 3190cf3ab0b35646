import { act, cleanup, render, screen } from "@testing-library/react";
import { BrowserRouter, useNavigate } from "react-router";
import { afterEach, beforeEach, expect, it } from "vitest";

import { useAddress } from "./use-address";

type Address = ReturnType<typeof useAddress>;

/** What each render was given, the last one at the end. */
let renders: Address[] = [];
let leave: (path: string) => void = () => {};

function Page() {
  const address = useAddress();
  const navigate = useNavigate();
  renders.push(address);
  leave = (path) => void navigate(path);
  return <output>{address.search.toString()}</output>;
}

function open(at: string): Address {
  window.history.replaceState(null, "", at);
  render(
    <BrowserRouter>
      <Page />
    </BrowserRouter>,
  );
  return last();
}

const last = () => renders.at(-1) as Address;
const shown = () => screen.getByRole("status").textContent;
const address = () => window.location.pathname + window.location.search;

beforeEach(() => {
  renders = [];
});
afterEach(cleanup);

it("keeps both of two changes that come before the next render", () => {
  const { set } = open("/jobs?project=a&q=old");
  act(() => {
    set({ q: "" }, { replace: true });
    set({ sort: "state" }, { replace: true });
  });
  expect(address()).toBe("/jobs?project=a&sort=state");
  expect(shown()).toBe("project=a&sort=state");
});

it("keeps the changes of two places on the page, each with the functions of its render", () => {
  const { change } = open("/runs?page=3");
  act(() => last().set({ state: "failed", page: "" }));
  act(() =>
    // As a timer does that was started before the other change.
    change((now) => {
      now.append("tag", "x");
      return now;
    }),
  );
  expect(address()).toBe("/runs?state=failed&tag=x");
  expect(shown()).toBe("state=failed&tag=x");
});

it("takes out what is empty or undefined, and keeps what it does not name", () => {
  const { set } = open("/graph?job=a&around=b&view=list");
  act(() => set({ job: undefined, around: "" }));
  expect(address()).toBe("/graph?view=list");
});

it("leaves a path alone as the last value goes", () => {
  const { set } = open("/jobs/a%2Fb?attempt=2");
  act(() => set({ attempt: undefined }));
  expect(address()).toBe("/jobs/a%2Fb");
});

it("adds an entry to the history unless it is to replace the current one", () => {
  const { set } = open("/jobs");
  const before = window.history.length;
  act(() => set({ q: "a" }, { replace: true }));
  expect(window.history.length).toBe(before);
  act(() => set({ page: "2" }));
  expect(window.history.length).toBe(before + 1);
});

it("drops a change of a page that is being left, unless it is of all pages", () => {
  const { set } = open("/jobs?project=a");
  act(() => {
    leave("/runs?project=a");
    set({ q: "of the jobs" });
    set({ project: "b" }, { onAnyPage: true });
  });
  expect(address()).toBe("/runs?project=b");
  expect(shown()).toBe("project=b");
});

it("gives the same functions while only the search changes", () => {
  const first = open("/jobs");
  act(() => first.set({ q: "a" }));
  expect(last().search).not.toBe(first.search);
  expect(last().set).toBe(first.set);
  expect(last().change).toBe(first.change);
});
