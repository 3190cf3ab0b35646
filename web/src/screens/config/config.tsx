import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";
import { lazyPart } from "../../layout/lazy-part";
import { NavLink } from "../../layout/link";
import { usePageTitle } from "../../layout/page-title";
import { usePlaceParams } from "../../layout/place-params";
import "../../form/form.css";
import { useScopedNavigate, useScopedPath } from "../../layout/project-scope";
import { Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import "./config.css";
import { ConflictPanel } from "./conflict";
import { DraftBar } from "./draft-bar";
import { isError } from "./faults-at";
import { type Reveal, TABS, type TabProps } from "./tabs";
import { useConfiguration } from "./use-configuration";

const SCREENS = {
  cascades: lazyPart(() => import("./tabs/cascades-tab"), <Loading rows={5} />),
  data: lazyPart(() => import("./tabs/data-tab"), <Loading rows={5} />),
  jobs: lazyPart(() => import("./tabs/jobs-tab"), <Loading rows={5} />),
  file: lazyPart(() => import("./tabs/file-tab"), <Loading rows={5} />),
  history: lazyPart(() => import("./tabs/history-tab"), <Loading rows={5} />),
};

/** jobs.toml as graph, forms and text: all write into one draft, and the host judges and saves it. */
export default function Config() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const navigate = useScopedNavigate();
  const { tab: named } = usePlaceParams();
  const tab = TABS.find((each) => each === named) ?? TABS[0];
  const configuration = useConfiguration();
  const [reveal, setReveal] = useState<Reveal>();
  const [review, setReview] = useState<string>();
  useWarningOnLeave(configuration.changed);
  const Screen: React.ComponentType<TabProps> = SCREENS[tab];
  usePageTitle(configuration.changed ? t("config.unsaved") : "", t(`config.tabs.${tab}`), t("config.title"));
  const { disk, draft, check, readOnly } = configuration;
  const errors = check.diagnostics.filter(isError).length;

  const showInFile = (place: Reveal) => {
    setReveal({ ...place });
    navigate("/config/file");
  };
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("config.title")}</h1>
          <p className="muted">{t("config.lead")}</p>
        </div>
        <LastUpdatedIndicator of={disk} />
      </div>
      {disk.error && <Failure error={disk.error} retry={() => void disk.refresh()} />}
      {readOnly && (
        <p className="notice" role="status" data-testid="read-only">
          {t("config.read_only", { path: disk.data?.path })}
        </p>
      )}
      {configuration.theirs && draft && (
        <ConflictPanel
          key={configuration.theirs.revision + configuration.text}
          draft={draft}
          theirs={configuration.theirs}
          mine={configuration.text}
          onDone={() => setReview("")}
        />
      )}
      <nav className="subtabs" aria-label={t("config.title")}>
        {TABS.map((each) => (
          <NavLink
            key={each}
            to={scoped(`/config/${each}`)}
            className={each === tab ? "active" : undefined}
            aria-current={each === tab ? "page" : undefined}
          >
            {t(`config.tabs.${each}`)}
            {each === "file" && errors > 0 && (
              <span className="pill" data-tone="bad">
                {errors}
              </span>
            )}
          </NavLink>
        ))}
      </nav>
      {!draft && !disk.error && <Loading rows={5} />}
      {draft && <Screen configuration={configuration} reveal={reveal} onReveal={showInFile} onReview={setReview} />}
      {draft && <DraftBar configuration={configuration} review={review} onReview={setReview} onReveal={showInFile} />}
    </>
  );
}

/** Closing the browser's tab would lose the draft; going to another screen does not. */
function useWarningOnLeave(changed: boolean): void {
  useEffect(() => {
    if (!changed) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [changed]);
}
