import { useMemo } from "react";
import { useTranslation } from "#i18n";
import type { JobType } from "../../../api/types";
import { takesNothing } from "../../../form/prepare";
import { lazyPart } from "../../../layout/lazy-part";
import { Loading } from "../../../layout/states";
import { FieldFault } from "../faults";
import { faultsAt } from "../faults-at";
import { valueAt } from "../toml";
import type { Configuration } from "../use-configuration";
import { paramsEdits } from "./params-edits";

const SchemaForm = lazyPart(() => import("../../../form/schema-form"), <Loading rows={2} />);

/** `[jobs.NAME.params]`, in a form made of the plugin's schema. */
export function ParamsForm({ type, configuration }: { type: JobType; configuration: Configuration }) {
  const { t } = useTranslation();
  const { parsed, readOnly, edit, check } = configuration;
  const before = valueAt(parsed.value ?? {}, ["jobs", type.name, "params"]);
  // A refetch or an edit elsewhere brings equal values as other objects: what is typed must survive that.
  const wanted = JSON.stringify([type.params_schema, before ?? {}]);
  const [schema, initial] = useMemo(() => JSON.parse(wanted) as [JobType["params_schema"], unknown], [wanted]);
  if (takesNothing(schema)) return <p className="muted">{t("jobs.no_params")}</p>;
  return (
    <>
      <p className="muted">{t("config.jobs.params_lead")}</p>
      <FieldFault faults={faultsAt(check.diagnostics, "jobs", type.name, "params")} />
      <SchemaForm
        key={wanted}
        schema={schema}
        initial={initial}
        submitLabel={t("config.jobs.params_apply")}
        busy={readOnly}
        fault={undefined}
        onSubmit={(after) => edit(paramsEdits(type.name, schema, before, after ?? {}))}
      />
    </>
  );
}
