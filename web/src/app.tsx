import { Suspense, lazy } from "react";
import { Route, Routes } from "react-router";

import { NotFound } from "./layout/not-found";
import { Loading } from "./layout/states";
import { Shell } from "./layout/shell";

const ControlTower = lazy(() => import("./screens/control-tower/control-tower"));
const Jobs = lazy(() => import("./screens/jobs/jobs"));
const JobPage = lazy(() => import("./screens/jobs/job-page"));
const RunPage = lazy(() => import("./screens/jobs/run-page"));
const DataPage = lazy(() => import("./screens/data/data-page"));

export function App() {
  return (
    <Shell>
      <Suspense fallback={<Loading />}>
        <Routes>
          <Route path="/" element={<ControlTower />} />
          <Route path="/jobs" element={<Jobs />} />
          <Route path="/jobs/:job_type" element={<JobPage />} />
          <Route path="/runs/:id" element={<RunPage />} />
          <Route path="/data/:key?" element={<DataPage />} />
          <Route path="*" element={<NotFound />} />
        </Routes>
      </Suspense>
    </Shell>
  );
}
