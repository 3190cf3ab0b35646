import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

import { useTitleNotice } from "../layout/page-title";
import type { StreamState } from "./stream-state";
import { retryNow } from "./use-event-stream";
import { useNow } from "./use-now";

/** A stream that is lost for less says nothing: a reload, or a server that starts again. */
const LOST_AFTER_MS = 3000;

/** What is less than usual about the way events come; nothing in the normal case. */
export function BusBanner({ stream }: { stream: StreamState }) {
  const { t } = useTranslation();
  const [lost, setLost] = useState(false);
  const offline = stream.state === "offline";
  useEffect(() => {
    if (!offline) return;
    const timer = setTimeout(() => setLost(true), LOST_AFTER_MS);
    return () => {
      clearTimeout(timer);
      setLost(false);
    };
  }, [offline]);
  const what = offline ? lost && "lost" : stream.state === "polling" ? "none" : stream.degraded && "degraded";
  useTitleNotice(what === "lost" ? t("connection.offline") : "");
  if (!what) return null;
  return (
    <div className="bus-banner" data-testid="bus-banner" data-bus={what}>
      <span role="status">{t(`bus.${what}`)}</span>
      {what === "lost" && <NextAttempt at={stream.retryAt} />}
    </div>
  );
}

/** How long until the next attempt, and a button that begins it. Not read out: it changes each second. */
function NextAttempt({ at }: { at: number | null }) {
  const { t } = useTranslation();
  const now = useNow(250);
  const seconds = at === null ? 0 : Math.ceil((at - now) / 1000);
  return (
    <>
      <span className="num" data-testid="next-attempt">
        {seconds > 0 ? t("bus.next_attempt", { seconds }) : t("bus.attempting")}
      </span>
      <button type="button" onClick={retryNow}>
        {t("bus.retry_now")}
      </button>
    </>
  );
}
