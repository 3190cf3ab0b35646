import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { StreamState } from "./stream-state";

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
  if (!what) return null;
  return (
    <p className="bus-banner" role="status" data-testid="bus-banner" data-bus={what}>
      {t(`bus.${what}`)}
    </p>
  );
}
