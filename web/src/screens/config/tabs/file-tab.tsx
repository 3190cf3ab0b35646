import { useTranslation } from "#i18n";

import { drafts } from "../draft/draft-store";
import CodeEditor from "../editor/code-editor";
import type { TabProps } from "../tabs";

/** The text itself. */
export default function FileTab({ configuration, reveal }: TabProps) {
  const { t } = useTranslation();
  const { text, check, facts, readOnly, disk } = configuration;
  return (
    <section className="panel">
      <header>
        <h2>
          <code>{disk.data?.path ?? "jobs.toml"}</code>
        </h2>
        <span className="muted editor-hint">{t("config.editor.hint")}</span>
      </header>
      <CodeEditor
        text={text}
        onChange={(next) => drafts.type(next)}
        label={t("config.editor.label")}
        readOnly={readOnly}
        diagnostics={check.diagnostics}
        facts={facts}
        onUndo={() => drafts.undo()}
        onRedo={() => drafts.redo()}
        reveal={reveal}
      />
    </section>
  );
}
