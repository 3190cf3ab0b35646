import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { Page, Project } from "../../api/types";
import { Pager } from "../../layout/pager";
import { Empty, Failure, Loading } from "../../layout/states";
import { Toast } from "../../layout/toast";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { DECISIONS, type Decision, type Recommendation, useRecommendationsV2 } from "./product-data";
import { type Act, RecommendationItem } from "./recommendation-item";
import { isSince, noteDecision, type Seen } from "./seen";
import { useGlide } from "./use-glide";

interface Props {
  projectId: string | undefined;
  projects: Project[];
  seen: Record<string, Seen>;
}

export function Recommendations({ projectId, projects, seen }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [status, setStatus] = useState<Decision>("open");
  const [page, setPage] = useState(1);
  useEffect(() => setPage(1), [projectId, status]);
  const recommendations = useRecommendationsV2(projectId, status, page);
  const [decided, setDecided] = useState<{ item: Recommendation; action: "accept" | "dismiss" }>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const heading = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLOListElement>(null);
  useGlide(list);
  const { data } = recommendations;
  const title = (item: Recommendation) =>
    t(`tower.advice.${item.kind}`, { subject: item.subject, defaultValue: item.title });

  const act = async (item: Recommendation, action: Act) => {
    setBusy(true);
    try {
      await post(`/data/recommendations/actions/${action}`, { project_id: item.project_id, id: item.id });
      noteDecision(item.project_id, action === "reopen" ? 1 : -1);
      setDecided(action === "reopen" ? undefined : { item, action });
      setFault(undefined);
      // Gone from the list at once; the host's own answer follows.
      client.setQueriesData<Page<Recommendation>>({ queryKey: ["data", "recommendations"] }, (known) =>
        without(known, item),
      );
      // The button that had the focus is gone.
      if (action !== "reopen") heading.current?.focus({ preventScroll: true });
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
    await Promise.all(
      ["recommendations", "portfolio"].map((key) => client.invalidateQueries({ queryKey: ["data", key] })),
    );
  };
  const name = (id: string) => (projectId ? undefined : projects.find((project) => project.id === id)?.name);
  const error = fault ?? recommendations.error;
  return (
    <section className="panel" aria-labelledby="advice-title">
      <header>
        <h2 id="advice-title" ref={heading} tabIndex={-1}>
          {t("tower.recommendations")}
        </h2>
        <LastUpdatedIndicator of={recommendations} />
      </header>
      <div className="choices" role="group" aria-label={t("tower.which")}>
        {DECISIONS.map((each) => (
          <button key={each} type="button" aria-pressed={status === each} onClick={() => setStatus(each)}>
            {t(`tower.status.${each}`)}
          </button>
        ))}
      </div>
      {data && data.items.length > 0 && (
        <p className="found muted num">{t("tower.advice_count", { count: data.total })}</p>
      )}
      {error && (
        <Failure
          error={error}
          retry={() => {
            setFault(undefined);
            void recommendations.refresh();
          }}
        />
      )}
      {recommendations.loading && <Loading rows={4} />}
      {data?.items.length === 0 && <Empty>{t(`tower.no_recommendations.${status}`)}</Empty>}
      <ol className="advice" ref={list}>
        {data?.items.map((item) => (
          <RecommendationItem
            key={`${item.project_id}/${item.id}`}
            item={item}
            project={name(item.project_id)}
            isNew={item.status === "open" && isSince(item.created_at, seen[item.project_id]?.at)}
            busy={busy}
            act={(item, action) => void act(item, action)}
          />
        ))}
      </ol>
      {data && <Pager page={page} perPage={data.per_page} total={data.total} onPage={setPage} />}
      {decided && (
        <Toast
          action={t("tower.reopen")}
          onAction={() => void act(decided.item, "reopen")}
          onClose={() => setDecided(undefined)}
        >
          {t(decided.action === "accept" ? "tower.accepted" : "tower.dismissed", { title: title(decided.item) })}
        </Toast>
      )}
    </section>
  );
}

function without(page: Page<Recommendation> | undefined, gone: Recommendation): Page<Recommendation> | undefined {
  const items = page?.items.filter(({ id, project_id }) => id !== gone.id || project_id !== gone.project_id);
  if (!page || !items || items.length === page.items.length) return page;
  return { ...page, items, total: page.total - 1 };
}
