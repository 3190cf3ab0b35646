import { useMemo } from "react";
import { useTranslation } from "#i18n";

import { summariesOf } from "../edges/edge";
import { joinSaid } from "../edges/join";
import type { CascadeGraph, GraphEdge } from "./graph-model";
import { LastText, NextText, NowPill, TrendOf } from "./job-status";
import { inReadingOrder } from "./reading-order";

interface Props {
  graph: CascadeGraph;
  now: string;
  /** Only these, if something is looked for. */
  found?: Set<string>;
  selected?: string;
  onSelect: (job: string) => void;
}

/** The graph in words: upstream before downstream, each job with what triggers it. */
export function GraphList({ graph, now, found, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const ordered = useMemo(() => {
    const byName = new Map(graph.jobs.map((job) => [job.job, job]));
    const names = inReadingOrder([...byName.keys()], graph.edges);
    return names.flatMap(({ job, depth }) => ({ job: byName.get(job), depth }));
  }, [graph]);
  const named = ({ from, edges }: GraphEdge) => {
    const summary = summariesOf(edges, t);
    return summary ? `${from} (${summary})` : from;
  };
  return (
    <ol className="graph-list panel" data-testid="graph-list">
      {ordered.map(({ job, depth }) => {
        if (!job || found?.has(job.job) === false) return null;
        const upstream = graph.edges.filter(({ to, join }) => to === job.job && !join);
        return (
          <li key={job.job} data-testid="graph-row" data-job-type={job.job} data-now={job.now[0]?.state}>
            <div className="name" style={{ paddingInlineStart: `${Math.min(depth, 6) * 18}px` }}>
              <button
                type="button"
                className="ghost"
                aria-pressed={job.job === selected}
                onClick={() => onSelect(job.job)}
              >
                <code>{job.job}</code>
              </button>
              {upstream.length > 0 && (
                <small className="muted">{t("jobs.after", { jobs: upstream.map(named).join(", ") })}</small>
              )}
              {job.join && <small className="muted">{joinSaid(job.join, t)}</small>}
            </div>
            <NowPill job={job} />
            <LastText job={job} now={now} />
            <span>
              <span className="muted">{t("graph.next")} </span>
              <NextText job={job} now={now} />
            </span>
            <TrendOf job={job} />
          </li>
        );
      })}
    </ol>
  );
}
