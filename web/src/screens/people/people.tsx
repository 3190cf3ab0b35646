import { useTranslation } from "#i18n";
import { usePageTitle } from "../../layout/page-title";

import { useProjectPortfolio } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { AddPerson } from "./add-person";
import { useAllTokens, usePeople } from "./people-data";
import "./people.css";
import { PersonItem } from "./person-item";

/** Who may sign in, and what they may do where. */
export default function People() {
  const { t } = useTranslation();
  usePageTitle(t("people.title"));
  const people = usePeople();
  const tokens = useAllTokens();
  const projects = useProjectPortfolio().data?.items ?? [];
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("people.title")}</h1>
          <p className="muted">{t("people.lead")}</p>
        </div>
        <LastUpdatedIndicator of={people} />
      </div>
      <AddPerson />
      {people.error && <Failure error={people.error} retry={() => void people.refresh()} />}
      {tokens.error && <Failure error={tokens.error} retry={() => void tokens.refresh()} />}
      {people.loading && <Loading rows={4} />}
      {people.data?.items.length === 0 && <Empty>{t("people.none")}</Empty>}
      {people.data && people.data.items.length > 0 && (
        <section className="panel" aria-label={t("people.title")}>
          <ul className="people">
            {people.data.items.map((person) => (
              <PersonItem
                key={person.id}
                person={person}
                projects={projects}
                members={people.data?.members.filter(({ user_id }) => user_id === person.id) ?? []}
                tokens={tokens.data?.items.filter(({ user_name }) => user_name === person.name) ?? []}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
