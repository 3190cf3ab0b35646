import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { Database } from "lucide-react";
import { type CSSProperties, memo } from "react";
import { useTranslation } from "#i18n";

import { described } from "../../i18n/described";
import { Breakable, partsOf } from "../../layout/breakable";
import { joinSaid } from "../edges/join";
import type { GraphJob } from "./graph-model";
import { LastText, NextText, NowPill, TrendOf } from "./job-status";

export type JobNodeType = Node<{ job: GraphJob; now: string; editable: boolean }, "job">;

/** Letters of the longest part of a name, by which the name is as large as a node seen from afar has room for. */
const longestOf = (name: string) => Math.max(...partsOf(name).map(({ length }) => length));

/** A job as it stands in the graph. */
export const JobNode = memo(function JobNode({ data, selected }: NodeProps<JobNodeType>) {
  const { t } = useTranslation();
  const { job, now, editable } = data;
  return (
    <div
      className="job-node"
      data-testid="graph-node"
      data-job-type={job.job}
      data-now={job.now[0]?.state ?? "unscheduled"}
      data-last={job.last?.run.state}
      data-selected={selected || undefined}
    >
      <Handle type="target" position={Position.Left} isConnectable={editable} />
      {job.join && (
        <span className="join-mark" title={joinSaid(job.join, t)} data-testid="join-mark">
          {t("joins.mark")}
        </span>
      )}
      <code
        className="name"
        title={described(job.description, t) || job.job}
        style={{ "--longest": longestOf(job.job) } as CSSProperties}
      >
        <Breakable text={job.job} />
      </code>
      <div className="row">
        <NowPill job={job} />
        <NodeProgress job={job} />
      </div>
      <div className="row">
        <LastText job={job} now={now} />
        <TrendOf job={job} slots={12} />
      </div>
      <div className="row foot">
        <span>
          <span className="muted">{t("graph.next")} </span>
          <NextText job={job} now={now} />
        </span>
        {job.dataKeys.length > 0 && (
          <span className="keys" title={`${t("jobs.refreshes")}: ${job.dataKeys.join(", ")}`}>
            <Database size={12} aria-hidden />
            <span>{job.dataKeys.join(", ")}</span>
          </span>
        )}
      </div>
      <Handle type="source" position={Position.Right} isConnectable={editable} />
    </div>
  );
});

function NodeProgress({ job }: { job: GraphJob }) {
  const progress = job.running?.progress;
  if (!progress) return null;
  const percent = Math.round(progress.fraction * 100);
  return (
    <progress max={100} value={percent} aria-label={progress.message} title={`${percent} % ${progress.message}`} />
  );
}
