import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

import { get } from "../../api/client";
import type { MatchProgress } from "../../api/types";

const POLL_MS = 500;

/** An action on many runs, followed to its end. */
export function useWork(onFault: (error: Error) => void) {
  const client = useQueryClient();
  const [work, setWork] = useState<MatchProgress>();
  useEffect(() => {
    if (!work || work.finished) return;
    const timer = setTimeout(() => {
      get<MatchProgress>(`/jobs/runs/matching/${work.id}`).then(setWork).catch(onFault);
    }, POLL_MS);
    return () => clearTimeout(timer);
  }, [work, onFault]);
  const finished = work?.finished;
  useEffect(() => {
    if (finished) void client.invalidateQueries({ queryKey: ["jobs"] });
  }, [finished, client]);
  return [work, setWork] as const;
}

/** How far it has come, and what it could not be done to. */
export function WorkProgress({ work, title }: { work: MatchProgress; title: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" data-testid="matching-progress" data-finished={work.finished}>
      <progress max={Math.max(1, work.total)} value={work.done + work.refused} aria-label={title} />
      <p>
        {t("runs.matching.progress", { done: work.done, total: work.total })}
        {work.refused > 0 && ` ${t("runs.refused", { count: work.refused })}`}
      </p>
      {work.examples.length > 0 && (
        <ul>
          {work.examples.slice(0, 5).map(({ id, message }) => (
            <li key={id}>
              <code>{id.slice(-8)}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
