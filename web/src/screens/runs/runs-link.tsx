import type { ReactNode } from "react";
import { Link } from "../../layout/link";

import { useProjectScope } from "../../layout/project-scope";
import { NO_FILTERS, type RunFilters, writeFilters } from "./written-filters";

/** To the table of runs, within the active project, with these filters. */
export function RunsLink({ children, ...filters }: Partial<RunFilters> & { children: ReactNode }) {
  const { slug } = useProjectScope();
  const scope = new URLSearchParams(slug ? { project: slug } : {});
  const search = writeFilters({ ...NO_FILTERS, ...filters }, scope).toString();
  return <Link to={search ? `/runs?${search}` : "/runs"}>{children}</Link>;
}
