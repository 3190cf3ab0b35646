import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Navigate, useLocation, useNavigate } from "react-router";
import { lazyPart } from "../layout/lazy-part";
import { Failure, Loading } from "../layout/states";
import { useStreamState } from "../live/stream-state";
import { useAutoRefresh } from "../live/use-auto-refresh";
import { isAdmin } from "./rights";
import { sessions, useSessionState } from "./session-store";
import { takeWanted } from "./wanted";

const LOADING = (
  <main>
    <Loading />
  </main>
);
const SignIn = lazyPart(() => import("./sign-in"), LOADING);
const NoProject = lazyPart(() => import("./no-project"), LOADING);

const SESSION_MS = 60_000;
/** A tab that is looked at again may belong to somebody else by now, or to nobody. */
const STALE_MS = 5000;
const UNKNOWN_MS = 3000;

/** Lets who is signed in through to the app, at whatever address; others see the sign-in page there. */
export function SessionGate({ children }: { children: ReactNode }) {
  const { session, error } = useSessionState();
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const client = useQueryClient();
  useEffect(() => sessions.start(), []);
  useAutoRefresh(sessions.load, session ? SESSION_MS : UNKNOWN_MS, {
    enabled: session?.sign_in !== false,
    staleAfterMs: STALE_MS,
  });
  useCheckWithStream(session?.sign_in === true);
  const out = session?.sign_in === true && !session.user;
  const inside = session !== undefined && !out;
  useEffect(() => {
    // What was fetched was for who has left.
    if (out) client.clear();
  }, [out, client]);
  useEffect(() => {
    const wanted = inside ? takeWanted() : undefined;
    if (wanted) void navigate(wanted, { replace: true });
  }, [inside, navigate]);

  if (!session)
    return error ? (
      <main>
        <Failure error={error} retry={() => void sessions.load()} />
      </main>
    ) : (
      LOADING
    );
  const atSignIn = pathname === "/sign-in";
  const byLink = session.sign_in && atSignIn && new URLSearchParams(search).has("link");
  if (out || byLink) return <SignIn oidc={session.oidc} />;
  if (atSignIn) return <Navigate to="/" replace />;
  if (!isAdmin(session) && session.user?.projects.length === 0) return <NoProject />;
  return children;
}

/** The host closes the stream of who may see less from now on. */
function useCheckWithStream(enabled: boolean): void {
  const { state } = useStreamState();
  const wasLive = useRef(false);
  useEffect(() => {
    if (!enabled) return;
    const again = state === "live" && wasLive.current;
    if (state === "live") wasLive.current = true;
    if (again || state === "polling") void sessions.check();
  }, [enabled, state]);
}
