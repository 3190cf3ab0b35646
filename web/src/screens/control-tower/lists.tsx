import type { Project } from "../../api/types";
import { Messages } from "./messages";
import { Recommendations } from "./recommendations";
import type { Seen } from "./seen";

interface Props {
  projectId: string | undefined;
  projects: Project[];
  seen: Record<string, Seen>;
  /** How many signals there are, as the cards know it. */
  signals: number | undefined;
}

/** What is below the cards, and comes after them. */
export default function Lists({ signals, ...props }: Props) {
  return (
    <>
      <Messages {...props} signals={signals} />
      <Recommendations {...props} />
    </>
  );
}
