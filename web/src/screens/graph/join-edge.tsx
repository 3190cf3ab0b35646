import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";

/** The connection from a job to one that waits for all of several: a double line. */
export function JoinEdge({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition }: EdgeProps) {
  const [path] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  return (
    <>
      <BaseEdge id={id} path={path} />
      <path d={path} className="join-between" />
    </>
  );
}
