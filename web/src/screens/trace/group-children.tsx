import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "#i18n";

import { get } from "../../api/client";
import type { Children, RunState } from "../../api/types";
import { Failure, Loading } from "../../layout/states";
import { isOver } from "../runs/runs-data";
import { TraceRow } from "./trace-row";
import { barOf, type GroupBar, type Scale } from "./waterfall";

const PER_PAGE = 50;
const BUSY_MS = 3000;
/** Pages that are asked for again and again; more stand still until the group is unfolded again. */
const LIVE_PAGES = 4;

interface Props {
  bar: GroupBar;
  /** These alone. */
  state: RunState | undefined;
  here: string;
  ticks: number[];
  scale: Scale;
}

/** The runs of a group, a page at a time. */
export function GroupChildren({ bar, state, here, ticks, scale }: Props) {
  const { t } = useTranslation();
  const { group, cause } = bar;
  const pages = useInfiniteQuery({
    queryKey: ["jobs", "children", group.parent, group.job_type, state],
    queryFn: ({ pageParam }) => {
      const query = { job_type: group.job_type, state, after: pageParam, limit: PER_PAGE };
      return get<Children>(`/jobs/runs/${group.parent}/children`, query);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state: { data } }) => {
      const live = data?.pages.some(({ items }) => items.some((run) => !isOver(run)));
      return live && data && data.pages.length <= LIVE_PAGES ? BUSY_MS : false;
    },
  });
  const shown = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      {shown.map((run) => (
        <TraceRow
          key={run.id}
          bar={barOf(run, cause, bar.depth + 1, scale)}
          here={run.id === here}
          ticks={ticks}
          ofGroup
        />
      ))}
      {(pages.isPending || pages.error || pages.hasNextPage || shown.length === 0) && (
        <tr role="row" className="more-children">
          <td role="cell" colSpan={6}>
            {pages.error && <Failure error={pages.error} retry={() => void pages.refetch()} />}
            {pages.isPending && <Loading rows={2} />}
            {pages.data && shown.length === 0 && <span className="muted">{t("trace.group.none")}</span>}
            {pages.hasNextPage && (
              <button
                type="button"
                disabled={pages.isFetchingNextPage}
                data-testid="more-children"
                onClick={() => void pages.fetchNextPage()}
              >
                {t("trace.group.more")}
              </button>
            )}
          </td>
        </tr>
      )}
    </>
  );
}
