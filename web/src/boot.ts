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

// Whoever needs them asks for them again, and says so if they do not come.
const place = placeOf(location.pathname);
TEXTS[wantedLanguage()]().catch(() => {});
place?.load().catch(() => {});
void import("./main");

void askForFirst();

// Not awaited by the module itself, for which main would wait.
async function askForFirst(): Promise<void> {
  const session = (await (await askEarly("/session"))?.json()) as Session | undefined;
  const seesAll = session && (!session.sign_in || (session.user?.admin && !session.user.active_project));
  if (seesAll && place?.first && location.search === "") await askEarly(place.first);
}
