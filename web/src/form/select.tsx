import SelectWidget from "@rjsf/core/lib/components/widgets/SelectWidget.js";
import type { WidgetProps } from "@rjsf/utils";

/** A list whose options carry the values themselves, not their places. */
export function Select(props: WidgetProps) {
  return <SelectWidget {...props} options={{ ...props.options, optionValueFormat: "realValue" }} />;
}
