import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";

import {
  BrowserRouter,
  Link,
  MemoryRouter,
  Navigate,
  NavLink,
  Routes,
  useLocation,
  useNavigate,
  useParams,
  useSearchParams,
} from "./router";

beforeEach(() => window.history.replaceState(null, "", "/jobs?page=2"));
afterEach(cleanup);

const Address = () => {
  const { pathname, search, hash } = useLocation();
  return <p data-testid="address">{pathname + search + hash}</p>;
};
const address = () => screen.getByTestId("address").textContent;
const inBrowser = (content: React.ReactNode) =>
  render(
    <BrowserRouter>
      {content}
      <Address />
    </BrowserRouter>,
  );

it("follows a link, and the browser's way back", async () => {
  inBrowser(<Link to="/runs?state=failed#top">runs</Link>);
  expect(screen.getByText("runs").getAttribute("href")).toBe("/runs?state=failed#top");
  fireEvent.click(screen.getByText("runs"));
  expect(address()).toBe("/runs?state=failed#top");
  expect(window.location.search).toBe("?state=failed");
  await act(async () => {
    window.history.replaceState(null, "", "/problems");
    window.dispatchEvent(new PopStateEvent("popstate"));
  });
  expect(address()).toBe("/problems");
});

it("leaves other clicks to the browser, and those that were dealt with", () => {
  inBrowser(
    <>
      <Link to="/a">plain</Link>
      <Link to="/b" target="_blank">
        other
      </Link>
      <Link to="/c" onClick={(event) => event.preventDefault()}>
        stopped
      </Link>
    </>,
  );
  // Stands for the browser, which would go there.
  const kept: boolean[] = [];
  const keep = (event: Event) => {
    kept.push(!event.defaultPrevented);
    event.preventDefault();
  };
  window.addEventListener("click", keep);
  fireEvent.click(screen.getByText("plain"), { ctrlKey: true });
  fireEvent.click(screen.getByText("plain"), { button: 1 });
  fireEvent.click(screen.getByText("other"));
  fireEvent.click(screen.getByText("stopped"));
  window.removeEventListener("click", keep);
  expect(kept).toEqual([true, true, true, false]);
  expect(address()).toBe("/jobs?page=2");
});

it("reads a query against the path that is shown, and replaces the same address", () => {
  inBrowser(<Link to="?page=3">next</Link>);
  const before = window.history.length;
  fireEvent.click(screen.getByText("next"));
  expect(address()).toBe("/jobs?page=3");
  fireEvent.click(screen.getByText("next"));
  expect(window.history.length).toBe(before + 1);
});

it("changes the query from what it is at that moment", () => {
  const Two = () => {
    const [search, set] = useSearchParams();
    const add = (name: string) =>
      set((before) => {
        before.set(name, "1");
        return before;
      });
    return (
      <button
        type="button"
        onClick={() => {
          add("a");
          add("b");
        }}
      >
        {search.get("page")}
      </button>
    );
  };
  inBrowser(<Two />);
  fireEvent.click(screen.getByRole("button", { name: "2" }));
  expect(address()).toBe("/jobs?page=2&a=1&b=1");
});

it("clears the query without a trace of it", () => {
  const Clear = () => {
    const [, set] = useSearchParams();
    return (
      <button type="button" onClick={() => set({}, { replace: true })}>
        clear
      </button>
    );
  };
  inBrowser(<Clear />);
  fireEvent.click(screen.getByText("clear"));
  expect(window.location.href).toMatch(/\/jobs$/);
});

it("draws the first pattern that fits, with what the address names", () => {
  const Job = () => <p>job {useParams().job_type}</p>;
  const of = [
    { path: "/jobs", element: <p>jobs</p> },
    { path: "/jobs/:job_type", element: <Job /> },
    { path: "/old", element: <Navigate to="/jobs" replace /> },
    { path: "*", element: <p>nothing here</p> },
  ];
  let go = (_: string) => {};
  const Go = () => {
    go = useNavigate();
    return null;
  };
  render(
    <MemoryRouter initialEntries={["/jobs/a%20b"]}>
      <Go />
      <Routes of={of} />
    </MemoryRouter>,
  );
  expect(screen.getByText("job a b")).toBeTruthy();
  act(() => go("/nowhere"));
  expect(screen.getByText("nothing here")).toBeTruthy();
  act(() => go("/old"));
  expect(screen.getByText("jobs")).toBeTruthy();
});

it("marks the place where one is, and what is above it unless told otherwise", () => {
  render(
    <MemoryRouter initialEntries={["/figures/workers"]}>
      <NavLink to="/">tower</NavLink>
      <NavLink to="/figures" end>
        figures
      </NavLink>
      <NavLink to="/fig">fig</NavLink>
      <NavLink to="/figures?project=a" className={({ isActive }) => (isActive ? "on" : undefined)}>
        all
      </NavLink>
      <NavLink to="/figures/workers" className="tab">
        workers
      </NavLink>
    </MemoryRouter>,
  );
  const told = (name: string) => [
    screen.getByText(name).className,
    screen.getByText(name).getAttribute("aria-current"),
  ];
  expect(told("figures")).toEqual(["", null]);
  expect(told("fig")).toEqual(["", null]);
  expect(told("all")).toEqual(["on", "page"]);
  expect(told("workers")).toEqual(["tab active", "page"]);
});
