import { TriangleAlert } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "#i18n";
import type { Version } from "../../api/types";
import { lazyPart } from "../../layout/lazy-part";
import { Loading } from "../../layout/states";
import { editText } from "./config-api";
import { DiffView } from "./diff/diff-view";
import { type Draft, isChanged } from "./draft/draft";
import { drafts } from "./draft/draft-store";
import { overlaps, rebase } from "./draft/rebase";

const CodeEditor = lazyPart(() => import("./editor/code-editor"), <Loading rows={3} />);

interface Props {
  draft: Draft;
  theirs: Version;
  mine: string;
  /** Mine stands on what is on disk now. */
  onDone: () => void;
}

type View = "theirs" | "mine" | "merge";

/** jobs.toml was changed on disk after the draft began: both changes, and the ways out. */
export function ConflictPanel({ draft, theirs, mine, onDone }: Props) {
  const { t } = useTranslation();
  const [view, setView] = useState<View>("theirs");
  const [busy, setBusy] = useState(false);
  const [stuck, setStuck] = useState<string>();
  const [merged, setMerged] = useState(mine);
  const both = useMemo(() => overlaps(draft, theirs.text, mine), [draft, theirs.text, mine]);

  const carry = async () => {
    setBusy(true);
    const done = await rebase(draft, theirs, editText);
    setBusy(false);
    if ("draft" in done) {
      drafts.take(done.draft);
      return isChanged(done.draft) ? onDone() : undefined;
    }
    setStuck(done.reason ?? t("config.conflict.stuck"));
    setMerged(mine);
    setView("merge");
  };
  const use = () => {
    drafts.merged(theirs, merged);
    if (merged !== theirs.text) onDone();
  };
  const views: View[] = ["theirs", "mine", "merge"];
  return (
    <section className="panel conflict" role="alert" data-testid="conflict">
      <header>
        <h2 className="with-icon">
          <TriangleAlert size={18} aria-hidden />
          {t("config.conflict.title")}
        </h2>
      </header>
      <p>{t("config.conflict.lead")}</p>
      {both.length > 0 && (
        <div className="form-fault">
          <strong>{t("config.conflict.both")}</strong>
          <ul>
            {both.map(({ path, theirs, mine }) => (
              <li key={path}>
                <code>{path}</code>: {t("config.conflict.values", { disk: written(theirs), mine: written(mine) })}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="segments" role="group" aria-label={t("config.conflict.title")}>
        {views.map((each) => (
          <button key={each} type="button" aria-pressed={view === each} onClick={() => setView(each)}>
            {t(`config.conflict.view_${each}`)}
          </button>
        ))}
      </div>
      {view === "theirs" && (
        <DiffView
          before={draft.base.text}
          after={theirs.text}
          names={[t("config.conflict.start"), t("config.on_disk")]}
        />
      )}
      {view === "mine" && (
        <DiffView before={draft.base.text} after={mine} names={[t("config.conflict.start"), t("config.draft")]} />
      )}
      {view === "merge" && (
        <>
          {stuck && <p className="field-faults">{t("config.conflict.manual", { reason: stuck })}</p>}
          <p className="muted">{t("config.conflict.merge_lead")}</p>
          <CodeEditor
            text={merged}
            onChange={setMerged}
            label={t("config.conflict.view_merge")}
            against={theirs.text}
          />
        </>
      )}
      <div className="conflict-ways">
        {view === "merge" ? (
          <button type="button" className="primary" onClick={use}>
            {t("config.conflict.use_merged")}
          </button>
        ) : (
          <button type="button" className="primary" disabled={busy} onClick={() => void carry()} data-testid="rebase">
            {t("config.conflict.rebase")}
          </button>
        )}
        <button type="button" onClick={() => drafts.discard()}>
          {t("config.conflict.discard")}
        </button>
      </div>
    </section>
  );
}

const written = (value: unknown) => (value === undefined ? "–" : JSON.stringify(value));
