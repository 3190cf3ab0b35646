/** What requests need of whoever is signed in. `src/session` sets it; without it nobody signs in. */
export interface Guard {
  /** Unsafe requests repeat it; empty where nobody signs in. */
  csrfToken: () => string;
  /** The token is no longer good: asks for the one of now. */
  renew: () => Promise<unknown>;
  /** The host says that nobody is signed in. */
  refused: () => void;
}

const NOBODY: Guard = { csrfToken: () => "", renew: async () => {}, refused: () => {} };

let guard = NOBODY;

export const theGuard = (): Guard => guard;

export function setGuard(next: Guard = NOBODY): void {
  guard = next;
}
