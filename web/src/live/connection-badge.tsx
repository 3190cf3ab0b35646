import { useTranslation } from "#i18n";
import type { StreamState } from "./stream-state";
import { SLOWED } from "./use-polled-query";

const BUSES = ["redis", "postgres", "memory"];

/** How this page stays fresh: by events, and over what; by polling; or not at all. */
export function ConnectionBadge({ stream }: { stream: StreamState }) {
  const { t } = useTranslation();
  const live = BUSES.map((bus) => `${t("connection.live")} ${t(`bus.names.${bus}`)}`);
  // As wide as it ever gets: the header must not move when the state changes.
  const longest = [...live, t("connection.connecting")].reduce((a, b) => (b.length > a.length ? b : a));
  return (
    <span
      className="badge"
      data-testid="connection-badge"
      data-state={stream.state}
      role="status"
      title={t(`connection.about.${stream.state}`, { times: SLOWED })}
    >
      <i aria-hidden />
      <span className="badge-text" data-longest={longest}>
        <span>
          {t(`connection.${stream.state}`)}
          {stream.state === "live" && <span className="muted"> {t(`bus.names.${stream.bus}`)}</span>}
        </span>
      </span>
    </span>
  );
}
