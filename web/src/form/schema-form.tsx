// Not the package's index: that pulls in a test helper, and with it a validator we do not have.
import Form from "@rjsf/core/lib/components/Form.js";
import { ErrorSchemaBuilder, type RJSFSchema, type UiSchema } from "@rjsf/utils";
import { useMemo } from "react";
import { useTranslation } from "#i18n";

import { ApiError } from "../api/client";
import type { JsonSchema } from "../schema/json-schema";
import "./form.css";
import { hostFault } from "./faults";
import { JsonField } from "./json-field";
import { prepared, withoutNulls } from "./prepare";
import { Select } from "./select";
import { TEMPLATES } from "./templates";
import { translated } from "./translated";
import { validatorIn } from "./validator";

const UI: UiSchema = {
  "ui:globalOptions": { enableOptionalDataFieldForType: ["object"] },
  "ui:submitButtonOptions": { norender: true },
};
const FIELDS = { FallbackField: JsonField };
const WIDGETS = { SelectWidget: Select };

interface Props {
  schema: JsonSchema;
  /** What the fields hold at first. */
  initial: unknown;
  submitLabel: string;
  busy: boolean;
  /** Why the host refused what was sent. */
  fault: Error | undefined;
  onSubmit: (data: unknown) => void;
}

/** A form made from a JSON Schema. */
export default function SchemaForm({ schema, initial, submitLabel, busy, fault, onSubmit }: Props) {
  const { t } = useTranslation();
  const shown = useMemo(() => prepared(schema) as RJSFSchema, [schema]);
  const before = useMemo(() => withoutNulls(initial), [initial]);
  const validator = useMemo(() => validatorIn(t), [t]);
  const told = useMemo(() => fault && hostFault(fault.message), [fault]);
  const extraErrors = useMemo(
    () => new ErrorSchemaBuilder().addErrors(told?.message ?? [], told?.path).ErrorSchema,
    [told],
  );
  return (
    <Form
      className="schema-form"
      schema={shown}
      uiSchema={UI}
      initialFormData={before}
      validator={validator}
      extraErrors={extraErrors}
      templates={TEMPLATES}
      fields={FIELDS}
      widgets={WIDGETS}
      translateString={(key, params) => translated(t, key, params)}
      // An optional value stays out until somebody gives it or the schema does.
      experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipEmptyDefaults", constAsDefaults: "skipOneOf" }}
      disabled={busy}
      noHtml5Validate
      focusOnFirstError
      showErrorList="bottom"
      onError={() => {}}
      // As JSON will have it: without what is undefined.
      onSubmit={({ formData }) => onSubmit(formData === undefined ? undefined : JSON.parse(JSON.stringify(formData)))}
    >
      {fault && !told && (
        <div className="form-fault" role="alert">
          <strong>{fault.message}</strong>
          {fault instanceof ApiError && fault.help && <p className="muted">{fault.help}</p>}
        </div>
      )}
      <button type="submit" className="primary" disabled={busy}>
        {submitLabel}
      </button>
    </Form>
  );
}
