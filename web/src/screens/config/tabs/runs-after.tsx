import { X } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "#i18n";

import type { Edit } from "../../../api/types";
import { runsAfter, toAll, toEach } from "../forms/join-edits";
import type { Table } from "../toml";

interface Props {
  root: Table;
  /** The job to which a connection was drawn. */
  job: string;
  edit: (edits: Edit[]) => void;
  onClose: () => void;
}

/** Whether a job to which several lead runs after each of them, or once after all. Not there where one alone does. */
export function RunsAfterChoice({ root, job, edit, onClose }: Props) {
  const { t } = useTranslation();
  const name = useId();
  const { each, all } = runsAfter(root, job);
  const both = [...new Set([...all, ...each])];
  if (both.length < 2) return null;
  const ways = [
    { way: "each", chosen: all.length === 0, edits: () => toEach(root, job) },
    { way: "all", chosen: each.length === 0, edits: () => toAll(root, job) },
  ] as const;
  return (
    <fieldset className="runs-after" data-testid="runs-after">
      <legend>{t("joins.after.title", { job })}</legend>
      <div>
        {ways.map(({ way, chosen, edits }) => (
          <label key={way} className="tick">
            <input type="radio" name={name} checked={chosen} onChange={() => edit(edits())} />
            <span>{t(`joins.after.${way}`, { jobs: both.join(", ") })}</span>
          </label>
        ))}
      </div>
      <button
        type="button"
        className="ghost icon"
        aria-label={t("config.close")}
        title={t("config.close")}
        onClick={onClose}
      >
        <X size={14} aria-hidden />
      </button>
    </fieldset>
  );
}
