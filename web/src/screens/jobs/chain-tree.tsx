import { useTranslation } from "#i18n";

import { useJobsConfig } from "../../live/use-jobs-config";
import { connectionsOf } from "../edges/join";
import { JobLink } from "./job-link";

/** Edges and joins as a tree: a job with several upstream jobs stands under each. */
export function ChainTree() {
  const { t } = useTranslation();
  const config = useJobsConfig().data;
  if (!config) return null;
  const chains = connectionsOf(config.CASCADE_CHAINS, config.CASCADE_JOINS);
  const triggered = new Set(Object.values(chains).flat());
  const roots = Object.keys(chains).filter((job) => !triggered.has(job));
  return (
    <section className="panel">
      <h2>{t("jobs.chains")}</h2>
      <ul className="tree">
        {roots.map((job) => (
          <Branch key={job} job={job} chains={chains} />
        ))}
      </ul>
    </section>
  );
}

function Branch({ job, chains }: { job: string; chains: Record<string, string[]> }) {
  const downstream = chains[job] ?? [];
  return (
    <li>
      <JobLink job={job} />
      {downstream.length > 0 && (
        <ul>
          {downstream.map((next) => (
            <Branch key={next} job={next} chains={chains} />
          ))}
        </ul>
      )}
    </li>
  );
}
