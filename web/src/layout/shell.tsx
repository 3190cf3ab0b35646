import { Menu, X } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import { useTranslation } from "#i18n";
import { ControlKeys } from "../keys/control-keys";
import { BusBanner } from "../live/bus-banner";
import { ConnectionBadge } from "../live/connection-badge";
import { useEventStream } from "../live/use-event-stream";
import { useJobsConfig, useRefreshOnConfig } from "../live/use-jobs-config";
import { useRealtimeRefresh } from "../live/use-realtime-refresh";
import { ConfigLink } from "../screens/config/config-link";
import { ProblemsLink } from "../screens/problems/problems-link";
import { UserMenu } from "../session/user-menu";
import icon from "./icon.svg?no-inline";
import { NavLink } from "./link";
import { useProjectScope, useScopedPath } from "./project-scope";
import { LanguageSwitch, ThemeSwitch } from "./switches";

/** The frame of every screen, and the one event stream that keeps them fresh. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const scope = useProjectScope();
  const config = useJobsConfig();
  useRefreshOnConfig(config.data);
  const stream = useEventStream(scope.projectId, useRealtimeRefresh());
  const scoped = useScopedPath();
  const tabs = useRef<HTMLElement>(null);
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // On a phone the places are behind a button.
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    // On a narrow screen not all of them are in view. After a frame, in which the page is laid out: asked for before,
    // it would be laid out twice.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => {
        const active = tabs.current?.querySelector<HTMLElement>(".active");
        if (active && tabs.current) tabs.current.scrollLeft = active.offsetLeft - tabs.current.offsetLeft - 40;
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [pathname]);
  return (
    <>
      <a
        className="skip-link"
        href="#main"
        onClick={(event) => {
          // The address stays as it is: it says what the screen shows.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t("nav.skip")}
      </a>
      <header className="top" data-open={open || undefined}>
        <NavLink to={scoped("/")} className="brand" end>
          <img src={icon} alt="" width={26} height={26} />
          Cascade
        </NavLink>
        <button
          type="button"
          className="menu-button ghost"
          aria-expanded={open}
          aria-controls="main-nav"
          aria-label={t("nav.menu")}
          data-testid="menu-button"
          onClick={() => setOpen(!open)}
        >
          {open ? <X size={18} aria-hidden /> : <Menu size={18} aria-hidden />}
        </button>
        <nav className="tabs" id="main-nav" aria-label={t("nav.label")} ref={tabs}>
          <NavLink to={scoped("/")} end>
            {t("nav.tower")}
          </NavLink>
          <NavLink to={scoped("/graph")}>{t("nav.graph")}</NavLink>
          <NavLink to={scoped("/jobs")}>{t("nav.jobs")}</NavLink>
          {/* Figures, workers and webhooks are places beside the runs: the bar has no room for more. */}
          <NavLink
            to={scoped("/runs")}
            className={({ isActive }) => (isActive || pathname.startsWith("/figures") ? "active" : undefined)}
          >
            {t("nav.runs")}
          </NavLink>
          <ProblemsLink />
          <NavLink to={scoped("/data")}>{t("nav.data")}</NavLink>
          <ConfigLink />
        </nav>
        <div className="tools">
          <ControlKeys />
          <select aria-label={t("project")} value={scope.slug} onChange={(event) => scope.choose(event.target.value)}>
            {scope.all && <option value="">{t("all_projects")}</option>}
            {scope.projects.map((project) => (
              <option key={project.id} value={project.slug}>
                {project.name}
              </option>
            ))}
          </select>
          <ConnectionBadge stream={stream} />
          <span className="menu-only">
            <LanguageSwitch />
            <ThemeSwitch />
          </span>
          <UserMenu />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <div className="notices">
        <BusBanner stream={stream} />
        {config.data?.rejected && (
          <details className="rejected" role="alert">
            <summary>{t("config_rejected")}</summary>
            <pre tabIndex={0}>{config.data.rejected.rendered}</pre>
          </details>
        )}
      </div>
    </>
  );
}
