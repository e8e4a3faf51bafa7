/** The official SDK, as Kiln uses it, and what its errors say. */
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';

/** Retries are ours, so that what is paid and what waits is known; the SDK's log could hold what was sent. */
export const claudeClient = (
  settings: Pick<ClaudeSettings, 'baseUrl' | 'timeoutMs'>,
  { apiKey, baseUrl }: { readonly apiKey: string; readonly baseUrl: string | null },
): Anthropic => {
  const client: Anthropic = new Anthropic({
    apiKey,
    authToken: null,
    baseURL: settings.baseUrl ?? baseUrl,
    maxRetries: 0,
    // Ours comes first: it knows an answer that was begun from none.
    timeout: 2 * settings.timeoutMs,
    logLevel: 'off',
    openTelemetry: false,
    // A redirect would take the key and the prompt to somebody else.
    fetchOptions: { redirect: 'manual' },
    fetch: async (url, init) => fetch(ofService(url, client.baseURL), init),
  });
  return client;
};

/** So would the address that a batch says its results are at: they are read where the batch was sent. */
const ofService = (url: unknown, baseUrl: string): string => {
  const asked = new URL(url instanceof Request ? url.url : String(url));
  const base = new URL(baseUrl);
  return asked.origin === base.origin
    ? asked.href
    : new URL(`${base.pathname.replace(/\/+$/u, '')}${asked.pathname}${asked.search}`, base).href;
};

export const isApiError = (error: unknown): error is APIError => error instanceof APIError;

/** "Connection error." alone helps nobody. */
export const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : null;
  const deepest = cause?.cause instanceof Error ? cause.cause : cause;
  return deepest === null ? error.message : `${error.message} ${deepest.message}`;
};
