import { get, post, remove } from "../api/client";
import type { Role } from "./session-api";

export interface ApiToken {
  id: string;
  name: string;
  /** `admin`: all that its user may do. */
  role: Role | "admin";
  project_id: string | null;
  created_at: string;
  expires_at: string | null;
}

export interface NewToken {
  name: string;
  role?: Role;
  project_id?: string;
  expires_at?: string;
}

export const TOKENS_KEY = ["tokens"];

export const readTokens = () => get<{ items: ApiToken[] }>("/tokens");
export const addToken = async (token: NewToken) => (await post<{ token: string }>("/tokens", token)).token;
export const revokeToken = (name: string) => remove(`/tokens/${encodeURIComponent(name)}`);
