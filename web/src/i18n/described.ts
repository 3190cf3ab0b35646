import type { TFunction } from "./translations";

/** What the host says of a program of which jobs.toml says nothing. */
const PROGRAM = "An external program.";

/** The description of a job, which is in the words of who wrote it, or of the host. */
export const described = (description: string, t: TFunction): string =>
  description === PROGRAM ? t("jobs.external_program") : description;
