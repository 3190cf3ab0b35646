import { Suspense } from "react";
import { Route, Routes, useLocation } from "react-router";
import { ErrorBoundary } from "./layout/error-boundary";
import { lazyPart } from "./layout/lazy-part";
import { NotFound } from "./layout/not-found";
import { Shell } from "./layout/shell";
import { Loading } from "./layout/states";
import { AdminOnly } from "./session/admin-only";

const tower = () => import("./screens/control-tower/control-tower");
const ControlTower = lazyPart(tower);
const Jobs = lazyPart(() => import("./screens/jobs/jobs"));
const JobPage = lazyPart(() => import("./screens/jobs/job-page"));
const RunPage = lazyPart(() => import("./screens/runs/run-page"));
const GraphScreen = lazyPart(() => import("./screens/graph/graph-screen"));
const RunsScreen = lazyPart(() => import("./screens/runs/runs-screen"));
const Problems = lazyPart(() => import("./screens/problems/problems"));
const Figures = lazyPart(() => import("./screens/figures/figures"));
const Workers = lazyPart(() => import("./screens/workers/workers"));
const Hooks = lazyPart(() => import("./screens/hooks/hooks"));
const Config = lazyPart(() => import("./screens/config/config"));
const DataPage = lazyPart(() => import("./screens/data/data-page"));
const Audit = lazyPart(() => import("./screens/audit/audit"));
const People = lazyPart(() => import("./screens/people/people"));

// The first screen comes at once, and not after the question who is there.
if (location.pathname === "/") void tower();

export function App() {
  const { pathname } = useLocation();
  return (
    <Shell>
      <ErrorBoundary at={pathname}>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route path="/" element={<ControlTower />} />
            <Route path="/jobs" element={<Jobs />} />
            <Route path="/jobs/:job_type" element={<JobPage />} />
            <Route path="/graph" element={<GraphScreen />} />
            <Route path="/runs" element={<RunsScreen />} />
            <Route path="/runs/:id" element={<RunPage />} />
            <Route path="/problems" element={<Problems />} />
            <Route path="/figures" element={<Figures />} />
            <Route path="/figures/workers" element={<Workers />} />
            <Route path="/figures/hooks" element={<Hooks />} />
            <Route path="/data/:key?" element={<DataPage />} />
            <Route
              path="/config/:tab?"
              element={
                <AdminOnly>
                  <Config />
                </AdminOnly>
              }
            />
            <Route path="/audit" element={<Audit />} />
            <Route
              path="/people"
              element={
                <AdminOnly>
                  <People />
                </AdminOnly>
              }
            />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}
