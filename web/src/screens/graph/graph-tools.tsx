import { List, Search, TriangleAlert, Workflow, X } from "lucide-react";
import { useTranslation } from "#i18n";

import { useTyped } from "../../layout/use-typed";
import type { Focus } from "./graph-focus";

interface Props {
  view: string;
  focus: Focus;
  /** How many jobs failed. */
  failed: number;
  onChange: (name: "view" | "find" | "failed" | "around", value: string | undefined) => void;
}

/** What part of the cascades is shown, and how. */
export function GraphTools({ view, focus, failed, onChange }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useTyped(focus.find, (text) => onChange("find", text || undefined));
  return (
    <>
      <label className="find">
        <Search size={14} aria-hidden />
        <input
          type="search"
          value={typed}
          placeholder={t("graph.find")}
          aria-label={t("graph.find")}
          data-testid="graph-find"
          onChange={({ target }) => setTyped(target.value)}
        />
      </label>
      <button
        type="button"
        className="toggle"
        aria-pressed={focus.failedOnly}
        disabled={failed === 0 && !focus.failedOnly}
        onClick={() => onChange("failed", focus.failedOnly ? undefined : "1")}
      >
        <TriangleAlert size={14} aria-hidden /> {t("graph.failed_only")} <span className="num">({failed})</span>
      </button>
      {focus.around !== undefined && (
        <span className="around">
          {t("graph.around", { job: focus.around })}
          <button
            type="button"
            className="ghost icon"
            aria-label={t("graph.show_all")}
            title={t("graph.show_all")}
            onClick={() => onChange("around", undefined)}
          >
            <X size={13} aria-hidden />
          </button>
        </span>
      )}
      <div className="switch" role="group" aria-label={t("graph.view")}>
        <button type="button" aria-pressed={view === "graph"} onClick={() => onChange("view", "graph")}>
          <Workflow size={14} aria-hidden /> {t("graph.as_graph")}
        </button>
        <button type="button" aria-pressed={view === "list"} onClick={() => onChange("view", "list")}>
          <List size={14} aria-hidden /> {t("graph.as_list")}
        </button>
      </div>
    </>
  );
}
