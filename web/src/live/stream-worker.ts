/** A SharedWorker: one for all tabs, never slowed down as a hidden tab is. */

import { own } from "./stream-owner";

own();
