import { cleanup, createEvent, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { afterEach, expect, it } from "vitest";

import { Link, NavLink } from "./link";

afterEach(cleanup);

function At() {
  const { pathname, search } = useLocation();
  return <output>{pathname + search}</output>;
}

const draw = (link: React.ReactNode, at = "/runs?state=failed") =>
  render(
    <MemoryRouter initialEntries={[at]}>
      {link}
      <At />
    </MemoryRouter>,
  );

const where = () => screen.getByRole("status").textContent;
const link = () => screen.getByRole("link");

/** Whether the click was kept from the browser. */
function click(init = {}): boolean {
  let kept = false;
  const last = (event: Event) => {
    kept = event.defaultPrevented;
    // Else the document would be left.
    event.preventDefault();
  };
  document.addEventListener("click", last, { once: true });
  fireEvent(link(), createEvent.click(link(), { button: 0, ...init }));
  return kept;
}

it("goes to another place without a load of the page", () => {
  draw(<Link to="/jobs/a%2Fb">a/b</Link>);
  expect(link().getAttribute("href")).toBe("/jobs/a%2Fb");
  expect(click()).toBe(true);
  expect(where()).toBe("/jobs/a%2Fb");
});

it("stays at the place where only the query is another", () => {
  draw(<Link to="?state=running">running</Link>);
  expect(link().getAttribute("href")).toBe("/runs?state=running");
  click();
  expect(where()).toBe("/runs?state=running");
});

it.each([
  ["a new tab is asked for", undefined, { ctrlKey: true }],
  ["a new tab is asked for on a Mac", undefined, { metaKey: true }],
  ["a new window is asked for", undefined, { shiftKey: true }],
  ["a download is asked for", undefined, { altKey: true }],
  ["it is another button", undefined, { button: 1 }],
  ["it has another target", "_blank", {}],
])("leaves a click to the browser where %s", (_, target, init) => {
  draw(
    <Link to="/jobs" target={target}>
      jobs
    </Link>,
  );
  expect(click(init)).toBe(false);
  expect(where()).toBe("/runs?state=failed");
});

it("tells who asks of a click first, who may prevent it", () => {
  let asked = 0;
  draw(
    <Link
      to="/jobs"
      onClick={(event) => {
        asked++;
        event.preventDefault();
      }}
    >
      jobs
    </Link>,
  );
  click();
  expect(asked).toBe(1);
  expect(where()).toBe("/runs?state=failed");
});

it.each([
  ["/runs", "/runs", false, true],
  ["/runs", "/Runs/1", false, true],
  ["/runs", "/runs/1", true, false],
  ["/runs", "/runs-of-today", false, false],
  ["/runs?project=a", "/runs", false, true],
  ["/", "/runs", true, false],
])("a link to %s seen from %s, end %s: current %s", (to, at, end, current) => {
  draw(
    <NavLink to={to} end={end} className="place">
      there
    </NavLink>,
    at,
  );
  expect(link().getAttribute("aria-current")).toBe(current ? "page" : null);
  expect(link().className).toBe(current ? "place active" : "place");
});

it("may be named by whether it is current", () => {
  draw(
    <NavLink to="/runs" className={({ isActive }) => (isActive ? "here" : "there")}>
      runs
    </NavLink>,
  );
  expect(link().className).toBe("here");
});
