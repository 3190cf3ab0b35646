/**
 * The first script of the page, which asks for all that the first screen needs side by side: over a slow line each wait for
 * the one before would be seen.
 */
import { askEarly } from "./api/early";
import type { Session } from "./api/types";
import { TEXTS, wantedLanguage } from "./i18n/language";
import { placeOf } from "./places";
import "./theme.css";
import "./layout/layout.css";

// The code that needs them asks for them again, and says so if they do not come.
const place = placeOf(location.pathname);
const texts = TEXTS[wantedLanguage()];
texts[place?.texts ?? "frame"]().catch(() => {});
if (!place?.texts) texts.rest().catch(() => {});
place?.load().catch(() => {});
void import("./main");

// Not awaited by the module itself, for which main would wait.
const seesAll = askEarly("/session").then(async (answer) => {
  const session = (await answer?.json()) as Session | undefined;
  return Boolean(session && (!session.sign_in || (session.user?.admin && !session.user.active_project)));
});
if (location.search === "") for (const path of place?.first ?? []) void askEarly(path, seesAll);
