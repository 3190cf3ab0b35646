import { type ComponentType, Suspense } from "react";
import { matchPath, Route, Routes, useLocation } from "react-router";
import { ErrorBoundary } from "./layout/error-boundary";
import { lazyPart } from "./layout/lazy-part";
import { NotFound } from "./layout/not-found";
import { Shell } from "./layout/shell";
import { Loading } from "./layout/states";
import { AdminOnly } from "./session/admin-only";

type Load = () => Promise<{ default: ComponentType }>;

const screen = (path: string, load: Load, adminOnly = false) => ({ path, load, adminOnly, Screen: lazyPart(load) });

const SCREENS = [
  screen("/", () => import("./screens/control-tower/control-tower")),
  screen("/jobs", () => import("./screens/jobs/jobs")),
  screen("/jobs/:job_type", () => import("./screens/jobs/job-page")),
  screen("/graph", () => import("./screens/graph/graph-screen")),
  screen("/runs", () => import("./screens/runs/runs-screen")),
  screen("/runs/:id", () => import("./screens/runs/run-page")),
  screen("/problems", () => import("./screens/problems/problems")),
  screen("/figures", () => import("./screens/figures/figures")),
  screen("/figures/workers", () => import("./screens/workers/workers")),
  screen("/figures/hooks", () => import("./screens/hooks/hooks")),
  screen("/data/:key?", () => import("./screens/data/data-page")),
  screen("/config/:tab?", () => import("./screens/config/config"), true),
  screen("/audit", () => import("./screens/audit/audit")),
  screen("/people", () => import("./screens/people/people"), true),
];

// The screen of the address is fetched beside the question who is there, and not after its answer. If it cannot be,
// the screen says so once it is drawn.
const first = SCREENS.find(({ path }) => matchPath(path, location.pathname));
first?.load().catch(() => {});

export function App() {
  const { pathname } = useLocation();
  return (
    <Shell>
      <ErrorBoundary at={pathname}>
        <Suspense fallback={<Loading />}>
          <Routes>
            {SCREENS.map(({ path, adminOnly, Screen }) => (
              <Route
                key={path}
                path={path}
                element={
                  adminOnly ? (
                    <AdminOnly>
                      <Screen />
                    </AdminOnly>
                  ) : (
                    <Screen />
                  )
                }
              />
            ))}
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}
