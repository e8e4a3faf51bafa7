/** What every command works with: the client, where output goes, and whether it is for programs. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createClient, type KilnClient } from '../client/create-client.ts';

/** The project's folder: configuration and kernels are found from here, whatever the working directory. */
export const PROJECT_ROOT = resolve(import.meta.dirname, '../..');
const ANY_ADDRESS: readonly string[] = ['0.0.0.0', '::', '[::]'];

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

export interface Context {
  readonly client: KilnClient;
  readonly json: boolean;
}

export const contextOf = async (program: Command): Promise<Context> => {
  const { json = false, url, token } = program.opts<GlobalOptions>();
  return { client: createClient({ ...(await addressOf(url, token)), user: userName() }), json };
};

/** Null where the system knows no name for this user. */
const userName = (): string | null => {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
};

/** Options win over variables, variables over the configuration of this project's daemon. */
const addressOf = async (
  url: string | undefined,
  token: string | undefined,
): Promise<{ readonly url: string; readonly token: string | null }> => {
  const { env } = process;
  const given = url ?? env['KILN_URL'];
  if (given) return { url: given, token: token ?? env['KILN_TOKEN'] ?? null };
  const { loadServerConfig } = await import('../config/config-file.ts');
  const server = loadServerConfig({ root: PROJECT_ROOT, env });
  const host = ANY_ADDRESS.includes(server.host) ? '127.0.0.1' : server.host;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { url: `http://${name}:${server.port}`, token: token ?? server.token ?? null };
};

export const print = (text: string): void => {
  if (text !== '') process.stdout.write(`${text}\n`);
};

// oxlint-disable-next-line no-control-regex
const STEERING = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON leaves characters as they are that some terminals obey, and that turn text around: the same document, with these escaped. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(STEERING, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One JSON document, indented for a terminal. */
export const printJson = (value: unknown): void => {
  print(jsonText(value, process.stdout.isTTY ? 2 : undefined));
};

/** One document of JSON lines. */
export const printJsonLine = (value: unknown): void => {
  print(jsonText(value));
};

/** For people: goes to standard error, so that it never mixes with results. */
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
