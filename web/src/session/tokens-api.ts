import { get, post, remove } from "../api/client";
import type { NewToken, TokenAnswer, Tokens } from "../api/types";

export const TOKENS_KEY = ["tokens"];

export const readTokens = () => get<Tokens>("/tokens");
export const addToken = async (token: NewToken) => (await post<TokenAnswer>("/tokens", token)).token;
export const revokeToken = (name: string) => remove(`/tokens/${encodeURIComponent(name)}`);
