import { useId } from "react";
import { useTranslation } from "#i18n";

import type { ApiToken, Member, Person, Project } from "../../api/types";
import { useSession } from "../../session/session-store";
import { useChange } from "./people-data";
import { PersonTokens } from "./person-tokens";
import { RoleChoice } from "./role-choice";

interface Props {
  person: Person;
  projects: Project[];
  members: Member[];
  tokens: ApiToken[];
}

export function PersonItem({ person, projects, members, tokens }: Props) {
  const { t, i18n } = useTranslation();
  const id = useId();
  const self = useSession().user?.name === person.name;
  const { busy, fault, disable, setRole } = useChange();
  const since = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" }).format(new Date(person.created_at));
  return (
    <li data-testid="person" data-name={person.name}>
      <div className="person">
        <h2 id={id}>{person.name}</h2>
        {person.display_name && <span className="muted">{t("people.called", { name: person.display_name })}</span>}
        {person.admin && <span className="pill">{t("session.admin")}</span>}
        {person.disabled && (
          <span className="pill" data-tone="bad">
            {t("people.disabled")}
          </span>
        )}
        <small className="muted">
          {[t("people.since", { at: since }), ...(person.has_password ? [] : [t("people.no_password")])].join(" · ")}
        </small>
      </div>
      {/* Who keeps themselves out lets nobody in again. */}
      {!self && (
        <button
          type="button"
          disabled={busy}
          aria-describedby={id}
          onClick={() => void disable(person.name, !person.disabled)}
        >
          {t(person.disabled ? "people.enable" : "people.disable")}
        </button>
      )}
      {fault && (
        <p className="fault" role="alert">
          {fault.message}
        </p>
      )}
      {person.admin ? (
        <p className="muted roles">{t("people.admin_may_all")}</p>
      ) : (
        <div className="roles" role="group" aria-labelledby={id}>
          {projects.map((project) => (
            <RoleChoice
              key={project.id}
              project={project}
              role={members.find(({ project_id }) => project_id === project.id)?.role ?? ""}
              busy={busy}
              onRole={(role) => setRole(person.name, project.id, role || null)}
            />
          ))}
        </div>
      )}
      {tokens.length > 0 && <PersonTokens name={person.name} tokens={tokens} />}
    </li>
  );
}
