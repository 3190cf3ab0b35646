import { useId, useState } from "react";
import { useTranslation } from "#i18n";

import type { Project, Role } from "../../api/types";
import { ROLES } from "../../session/session-api";

interface Props {
  project: Project;
  /** Empty for none. */
  role: Role | "";
  busy: boolean;
  onRole: (role: Role | "") => Promise<unknown>;
}

/** Somebody's role in a project. A key changes a closed list by one entry, so a role is given by a button. */
export function RoleChoice({ project, role, busy, onRole }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [chosen, setChosen] = useState<Role | "">();
  const other = chosen !== undefined && chosen !== role;
  return (
    <div className="role-choice">
      <label>
        <span id={id}>{project.name}</span>
        <select
          disabled={busy}
          data-project={project.slug}
          value={chosen ?? role}
          onChange={({ target }) => setChosen(target.value as Role | "")}
        >
          <option value="">{t("people.no_role")}</option>
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {t(`session.roles.${each}`)}
            </option>
          ))}
        </select>
      </label>
      {other && (
        <button
          type="button"
          disabled={busy}
          aria-describedby={id}
          data-testid="set-role"
          onClick={() => void onRole(chosen).then(() => setChosen(undefined))}
        >
          {t("people.set_role")}
        </button>
      )}
    </div>
  );
}
