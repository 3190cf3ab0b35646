import { Fragment } from "react";

/** The parts of a name or path after which a line may end. */
export const partsOf = (name: string): string[] => name.split(/(?<=[_.\-/:])(?![_.\-/:])/);

/** A name such as `two_words` or a path: a line ends between its words and not within them. */
export function Breakable({ text }: { text: string }) {
  return partsOf(text).map((part, at) => (
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
