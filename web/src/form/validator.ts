import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  ErrorSchemaBuilder,
  type RJSFSchema,
  type RJSFValidationError,
  type ValidationData,
  type ValidatorType,
} from "@rjsf/utils";

import { isObject } from "../schema/json-schema";
import { faultOf, type Translate } from "./faults";

/** What RJSF asks of a validator, without `new Function`, which a strict CSP forbids. */
export function validatorIn(t: Translate): ValidatorType {
  return {
    isValid: (schema, data, root) => {
      if (data === undefined) return false;
      try {
        return faults(withDefinitions(schema, root), data).length === 0;
      } catch {
        return false;
      }
    },
    rawValidation: (schema, data) => ({ errors: faults(schema, data) as never[] }),
    validateFormData: (data, schema): ValidationData<unknown> => {
      const tree = new ErrorSchemaBuilder();
      const errors: RJSFValidationError[] = [];
      for (const unit of faults(schema, data)) {
        const fault = faultOf(unit, schema, t);
        if (!fault) continue;
        tree.addErrors(fault.message, fault.path);
        const property = `.${fault.path.join(".")}`;
        errors.push({ name: unit.keyword, message: fault.message, property, stack: fault.message });
      }
      return { errors, errorSchema: tree.ErrorSchema };
    },
  };
}

function faults(schema: RJSFSchema, data: unknown): OutputUnit[] {
  if (data === undefined) return [];
  // Copies: the validator writes into the schema, and JSON has no `undefined`.
  const validator = new Validator(JSON.parse(JSON.stringify(schema)) as Schema, "2020-12", false);
  return validator.validate(JSON.parse(JSON.stringify(data))).errors;
}

/** A part of a schema with what its `$ref`s point at. */
function withDefinitions(schema: RJSFSchema, root: RJSFSchema): RJSFSchema {
  const { $defs, definitions } = root;
  return { ...(isObject($defs) && { $defs }), ...(isObject(definitions) && { definitions }), ...schema };
}
