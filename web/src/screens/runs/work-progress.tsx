import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

import { ApiError, get } from "../../api/client";
import type { MatchProgress } from "../../api/types";

const POLL_MS = 500;
/** An action is known only to the server that does it: of several, another may answer so often in a row. */
const MOST_UNKNOWN = 20;

/** An action on many runs, followed to its end. A fault of asking is told, and taken back with the next answer. */
export function useWork(onFault: (fault: Error | undefined) => void) {
  const client = useQueryClient();
  const [work, setWork] = useState<MatchProgress>();
  const finished = work?.finished;
  const followed = finished ? undefined : work?.id;
  useEffect(() => {
    if (!followed) return;
    let gone = false;
    let unknown = 0;
    let timer = setTimeout(ask, POLL_MS);
    async function ask() {
      try {
        const answer = await get<MatchProgress>(`/jobs/runs/matching/${followed}`);
        if (gone) return;
        unknown = 0;
        onFault(undefined);
        setWork(answer);
      } catch (error) {
        if (gone) return;
        unknown = error instanceof ApiError && error.status === 404 ? unknown + 1 : 0;
        if (unknown === 0 || unknown > MOST_UNKNOWN) onFault(error as Error);
      }
      timer = setTimeout(ask, POLL_MS);
    }
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [followed, onFault]);
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
