import {
  ADDITIONAL_PROPERTY_FLAG,
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  buttonId,
  canExpand,
  type DescriptionFieldProps,
  descriptionId,
  type ErrorListProps,
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  TranslatableString,
  type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";
import type { ReactNode } from "react";
import { useTranslation } from "#i18n";

import { isObject, type JsonSchema } from "../schema/json-schema";
import { BUTTONS, OptionalData } from "./buttons";

function Field(props: FieldTemplateProps) {
  const { id, label, required, displayLabel, hidden, description, children, errors, schema } = props;
  if (hidden) return <div hidden>{children}</div>;
  // What has fields of its own brings its own heading, and so does a checkbox.
  const free = "x-json" in schema && props.fieldPathId.path.length > 0;
  const named = (displayLabel || free) && schema.type !== "boolean";
  return (
    <Entry {...props}>
      {named && (
        <label htmlFor={id}>
          {nameOf(props.fieldPathId.path, label)}
          {required && <Required />}
        </label>
      )}
      {(named || "x-json" in schema) && description}
      {children}
      {errors}
    </Entry>
  );
}

/** An entry of a map has a name that can be changed. */
function Entry(props: WrapIfAdditionalTemplateProps) {
  const { id, label, schema, registry, disabled, onKeyRenameBlur, onRemoveProperty, children, rawErrors } = props;
  const invalid = rawErrors && rawErrors.length > 0;
  if (!(ADDITIONAL_PROPERTY_FLAG in schema)) {
    return (
      <div className="field" data-invalid={invalid || undefined}>
        {children}
      </div>
    );
  }
  const { RemoveButton } = registry.templates.ButtonTemplates;
  return (
    <div className="entry" data-invalid={invalid || undefined}>
      <div className="field">
        <label htmlFor={`${id}-key`}>{registry.translateString(TranslatableString.KeyLabel, [label])}</label>
        <input
          key={label}
          id={`${id}-key`}
          type="text"
          defaultValue={label}
          onBlur={onKeyRenameBlur}
          disabled={disabled}
        />
      </div>
      <div className="field">{children}</div>
      <RemoveButton id={buttonId(id, "remove")} disabled={disabled} onClick={onRemoveProperty} registry={registry} />
    </div>
  );
}

function Description({ id, description }: DescriptionFieldProps) {
  if (!description) return null;
  return (
    <small id={id} className="muted">
      {typeof description === "string" ? coded(description) : description}
    </small>
  );
}

/** Doc comments put code between backticks. */
function coded(text: string): ReactNode[] {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}

/** An entry of a list is called by its number. */
function nameOf(path: (string | number)[], name: string): string {
  const last = path.at(-1);
  return typeof last === "number" ? String(last + 1) : name;
}

function Required() {
  const { t } = useTranslation();
  return (
    <span className="required" title={t("form.faults.required")} aria-hidden>
      *
    </span>
  );
}

function ObjectFields(props: ObjectFieldTemplateProps) {
  const { fieldPathId, title, description, properties, schema, uiSchema, formData, registry, disabled } = props;
  const { optionalDataControl, onAddProperty, required } = props;
  if ((schema.oneOf || schema.anyOf) && properties.length === 0) return null;
  const inList = typeof fieldPathId.path.at(-1) === "number";
  const { AddButton } = registry.templates.ButtonTemplates;
  const fields = (
    <>
      <Description
        id={descriptionId(fieldPathId)}
        description={description ?? ""}
        schema={schema}
        registry={registry}
      />
      {fieldPathId.path.length > 0 && hasFields(schema) && optionalDataControl}
      {properties.filter(({ hidden }) => !hidden).map(({ content }) => content)}
      {canExpand(schema, uiSchema, formData) && (
        <AddButton id={buttonId(fieldPathId, "add")} disabled={disabled} onClick={onAddProperty} registry={registry} />
      )}
    </>
  );
  // The form as a whole needs no frame.
  if (fieldPathId.path.length === 0) return <div className="fields">{fields}</div>;
  return (
    <fieldset id={fieldPathId.$id}>
      {title && (
        <legend>
          {nameOf(fieldPathId.path, title)}
          {required && !inList && <Required />}
        </legend>
      )}
      {fields}
    </fieldset>
  );
}

/** A map has only the entries that are added one by one. */
function hasFields({ properties }: JsonSchema): boolean {
  return (
    isObject(properties) &&
    Object.values(properties).some((each) => isObject(each) && !(ADDITIONAL_PROPERTY_FLAG in each))
  );
}

function Items(props: ArrayFieldTemplateProps) {
  const { fieldPathId, title, schema, items, canAdd, onAddClick, disabled, registry, required } = props;
  const { t } = useTranslation();
  const { AddButton } = registry.templates.ButtonTemplates;
  return (
    <fieldset id={fieldPathId.$id}>
      <legend>
        {title}
        {required && <Required />}
      </legend>
      <Description
        id={descriptionId(fieldPathId)}
        description={schema.description ?? ""}
        schema={schema}
        registry={registry}
      />
      {items.length === 0 ? <p className="muted">{t("form.no_items")}</p> : <ol className="items">{items}</ol>}
      {canAdd && (
        <AddButton id={buttonId(fieldPathId, "add")} disabled={disabled} onClick={onAddClick} registry={registry} />
      )}
    </fieldset>
  );
}

function Item({ children, buttonsProps, hasToolbar, registry }: ArrayFieldItemTemplateProps) {
  const { ArrayFieldItemButtonsTemplate: Buttons } = registry.templates;
  return (
    <li>
      <div>{children}</div>
      {hasToolbar && (
        <div className="item-tools">
          <Buttons {...buttonsProps} />
        </div>
      )}
    </li>
  );
}

function Alternatives({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="alternatives">
      {selector}
      {optionSchemaField}
    </div>
  );
}

function FieldFaults({ errors = [], fieldPathId }: FieldErrorProps) {
  if (errors.length === 0) return null;
  return (
    <ul id={errorId(fieldPathId)} className="faults">
      {[...new Set(errors)].map((error, at) => (
        <li key={at}>{error}</li>
      ))}
    </ul>
  );
}

/** All faults with their places: one may have no field to stand at. */
function AllFaults({ errors }: ErrorListProps) {
  const { t } = useTranslation();
  return (
    <div className="form-fault" role="alert">
      <strong>{t("form.invalid")}</strong>
      <ul>
        {errors.map(({ property, message, stack }, at) => (
          <li key={at}>
            {property && property !== "." && <code>{property.replace(/^\./, "")}</code>} {message ?? stack}
          </li>
        ))}
      </ul>
    </div>
  );
}

export const TEMPLATES = {
  FieldTemplate: Field,
  WrapIfAdditionalTemplate: Entry,
  DescriptionFieldTemplate: Description,
  ObjectFieldTemplate: ObjectFields,
  ArrayFieldTemplate: Items,
  ArrayFieldItemTemplate: Item,
  MultiSchemaFieldTemplate: Alternatives,
  FieldErrorTemplate: FieldFaults,
  ErrorListTemplate: AllFaults,
  OptionalDataControlsTemplate: OptionalData,
  ButtonTemplates: BUTTONS,
};
