import { type FormEvent, useState } from "react";
import { useTranslation } from "#i18n";

import { useFault } from "../api/reachability";
import type { Role } from "../api/types";
import { useJobTypes } from "../screens/jobs/jobs-data";
import { Fault } from "./dialog";
import { ROLES } from "./session-api";
import { useSession } from "./session-store";
import { addToken } from "./tokens-api";

const DAY_MS = 86_400_000;
/** A year is the most. */
const DAYS = [7, 30, 90, 365];
/** Instead of a role: only to ask for runs of one job. */
const ENQUEUE = "enqueue";

export function TokenForm({ onMade }: { onMade: (name: string, token: string) => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const [name, setName] = useState("");
  const [role, setRole] = useState("");
  const [job, setJob] = useState("");
  const types = useJobTypes();
  const [project, setProject] = useState("");
  const [days, setDays] = useState(90);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      const ends = new Date(Date.now() + days * DAY_MS).toISOString();
      const token = await addToken({
        name: name.trim(),
        ...(role === ENQUEUE ? { enqueue: job.trim() } : role && { role: role as Role }),
        ...(project && { project_id: project }),
        expires_at: ends,
      });
      onMade(name.trim(), token);
      setName("");
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
  };
  return (
    <form className="session-form" onSubmit={(event) => void submit(event)}>
      <h3>{t("session.tokens.new")}</h3>
      <label htmlFor="token-name">{t("session.tokens.name")}</label>
      <input
        id="token-name"
        required
        maxLength={100}
        autoComplete="off"
        value={name}
        onChange={({ target }) => setName(target.value)}
      />
      <div className="row">
        <label>
          {t("session.tokens.role")}
          <select value={role} onChange={({ target }) => setRole(target.value)}>
            <option value="">{t("session.roles.admin")}</option>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {t(`session.roles.${each}`)}
              </option>
            ))}
            <option value={ENQUEUE}>{t("session.tokens.enqueue")}</option>
          </select>
        </label>
        {role === ENQUEUE && (
          <label>
            {t("session.tokens.job")}
            <select required value={job} onChange={({ target }) => setJob(target.value)}>
              <option value="">{t("session.tokens.choose_job")}</option>
              {types.data?.items.map((each) => (
                <option key={each.name} value={each.name}>
                  {each.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          {t("project")}
          <select value={project} onChange={({ target }) => setProject(target.value)}>
            <option value="">{t("session.tokens.my_projects")}</option>
            {user?.projects.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("session.tokens.ends")}
          <select value={days} onChange={({ target }) => setDays(Number(target.value))}>
            {DAYS.map((each) => (
              <option key={each} value={each}>
                {t("session.tokens.days", { count: each })}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Fault error={fault} />
      <button type="submit" className="primary" disabled={busy}>
        {t("session.tokens.make")}
      </button>
    </form>
  );
}
