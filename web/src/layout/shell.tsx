import { Moon, Sun } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";

import { LANGUAGES } from "../i18n";
import { BusBanner } from "../live/bus-banner";
import { type StreamState, useEventStream } from "../live/use-event-stream";
import { useJobsConfig, useRefreshOnConfig } from "../live/use-jobs-config";
import { useRealtimeRefresh } from "../live/use-realtime-refresh";
import { useProjectScope, useScopedPath } from "./project-scope";

/** The frame of every screen, and the one event stream that keeps them fresh. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const scope = useProjectScope();
  const config = useJobsConfig();
  useRefreshOnConfig(config.data?.loaded_at);
  const stream = useEventStream(scope.projectId, useRealtimeRefresh());
  const scoped = useScopedPath();
  return (
    <>
      <header className="top">
        <NavLink to={scoped("/")} className="brand" end>
          <img src="/icon.svg" alt="" width={26} height={26} />
          Cascade
        </NavLink>
        <nav className="tabs">
          <NavLink to={scoped("/")} end>
            {t("nav.tower")}
          </NavLink>
          <NavLink to={scoped("/jobs")}>{t("nav.jobs")}</NavLink>
          <NavLink to={scoped("/data")}>{t("nav.data")}</NavLink>
        </nav>
        <div className="tools">
          <select aria-label={t("project")} value={scope.slug} onChange={(event) => scope.choose(event.target.value)}>
            <option value="">{t("all_projects")}</option>
            {scope.projects.map((project) => (
              <option key={project.id} value={project.slug}>
                {project.name}
              </option>
            ))}
          </select>
          <ConnectionBadge stream={stream} />
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </header>
      {config.data?.rejected && (
        <details className="rejected" role="alert">
          <summary>{t("config_rejected")}</summary>
          <pre>{config.data.rejected.rendered}</pre>
        </details>
      )}
      <BusBanner stream={stream} />
      <main>{children}</main>
    </>
  );
}

function ConnectionBadge({ stream }: { stream: StreamState }) {
  const { t } = useTranslation();
  return (
    <span className="badge" data-testid="connection-badge" data-state={stream.state} role="status">
      <i aria-hidden />
      {t(`connection.${stream.state}`)}
      {stream.state === "live" && <span className="muted">{t(`bus.names.${stream.bus}`)}</span>}
    </span>
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const other = LANGUAGES.find((language) => language !== i18n.language) ?? "en";
  return (
    <button
      type="button"
      className="ghost"
      data-testid="language-switch"
      aria-label={`${t("language")}: ${other.toUpperCase()}`}
      onClick={() => void i18n.changeLanguage(other)}
    >
      {other.toUpperCase()}
    </button>
  );
}

function ThemeSwitch() {
  const { t } = useTranslation();
  const [dark, setDark] = useState(() => {
    const stored = localStorage.getItem("cascade.theme");
    const dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    return dark;
  });
  const toggle = () => {
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("cascade.theme", theme);
    setDark(!dark);
  };
  const label = t(dark ? "theme.light" : "theme.dark");
  return (
    <button type="button" className="ghost icon" aria-label={label} title={label} onClick={toggle}>
      {dark ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </button>
  );
}
