import { useTranslation } from "#i18n";

import type { Role, Session } from "../api/types";
import { ROLES } from "./session-api";
import { useSession } from "./session-store";

export const isAdmin = ({ sign_in, user }: Session): boolean => !sign_in || user?.admin === true;

/** Whether they may do in a project, or in any if none is named, what takes `role`. */
export function mayDo(session: Session, role: Role, projectId?: string): boolean {
  if (isAdmin(session)) return true;
  const asked = (session.user?.projects ?? []).filter(({ id }) => projectId === undefined || id === projectId);
  return asked.some((project) => ROLES.indexOf(project.role) >= ROLES.indexOf(role));
}

export const useAdmin = (): boolean => isAdmin(useSession());

export const useMay = (role: Role, projectId?: string): boolean => mayDo(useSession(), role, projectId);

export interface Rights {
  admin: boolean;
  /** Why they may not, to stand at what is disabled; nothing if they may. */
  whyNot: (role: Role | "admin", projectId?: string) => string | undefined;
}

/** For a list, whose rows are of several projects. */
export function useRights(): Rights {
  const { t } = useTranslation();
  const session = useSession();
  const admin = isAdmin(session);
  return {
    admin,
    whyNot: (role, projectId) => {
      const may = role === "admin" ? admin : mayDo(session, role, projectId);
      return may ? undefined : t(`session.needs.${role}`);
    },
  };
}
