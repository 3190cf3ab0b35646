import { Breakable } from "../../layout/breakable";
import { Link } from "../../layout/link";
import { useScopedPath } from "../../layout/project-scope";

/** The name of a job, which leads to its page. */
export function JobLink({ job, title }: { job: string; title?: string }) {
  const scoped = useScopedPath();
  return (
    <Link to={scoped(`/jobs/${encodeURIComponent(job)}`)} title={title}>
      <code>
        <Breakable text={job} />
      </code>
    </Link>
  );
}
