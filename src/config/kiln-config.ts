/** `config/kiln.yaml` and the KILN_* variables -> one frozen KilnConfig. Secrets never show in messages, JSON or inspection. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { isLoopback } from '../platform/loopback.ts';
import { checkedConfig, configFile, type ConfigSource, readConfigFile } from './config-file.ts';
import { KilnFile } from './kiln-schema.ts';
import type { FieldProblem } from './located-yaml.ts';
import { modeOpenToOthers } from './private-file.ts';

/** Paths are absolute. Variables win over the file, the file over the defaults. */
export type KilnConfig = Readonly<KilnFile>;

const FLEET_FILE = 'config/fleet.yaml';

/** What is wrong with who can read the configuration, and what to do; null where nothing is. Only for a configuration that loads. */
export const openSecrets = ({ root, env }: ConfigSource): string | null => {
  if (!existsSync(configFile({ root, env }))) return null;
  const { file, text } = readConfigFile({ root, env });
  // What the file itself says; an address that needs a token may have it from a variable.
  const { server, store, queue } = parseKilnConfig(text, { root, env: { KILN_HOST: '127.0.0.1' }, file });
  const secrets = [
    ...(server.token === undefined ? [] : ['server.token']),
    ...('url' in store && withoutPassword(store.url) !== new URL(store.url).href ? ['store.url'] : []),
    ...('url' in queue && withoutPassword(queue.url) !== new URL(queue.url).href ? ['queue.url'] : []),
  ];
  const mode = secrets.length === 0 ? null : modeOpenToOthers(file);
  return mode === null ? null : `${file} holds ${secrets.join(' and ')} and can be read by others (${mode}): chmod 600 ${file}`;
};

/** Throws KilnError INVALID_CONFIG, naming the file's line or the variable, the field and what to do. */
export const loadKilnConfig = ({ root, env }: ConfigSource): KilnConfig => {
  const { file, text } = readConfigFile({ root, env });
  return parseKilnConfig(text, { root, env, file });
};

export const parseKilnConfig = (text: string, { root, env, file }: ConfigSource & { readonly file: string }): KilnConfig => {
  const config = checkedConfig(KilnFile, text, { env, file, complaintsOf: crossChecks });
  return freeze(withAbsolutePaths(config, root));
};

const crossChecks = (config: KilnFile): readonly FieldProblem[] => {
  if (isLoopback(config.server.host) || config.server.token !== undefined) return [];
  const message = `${config.server.host} can be reached from other machines, so a token is required: set KILN_TOKEN, or listen on 127.0.0.1`;
  return [{ path: ['server', 'host'], message }];
};

const withAbsolutePaths = (config: KilnFile, root: string): KilnFile => {
  const implied = resolve(root, FLEET_FILE);
  return {
    ...config,
    dataDir: resolve(root, config.dataDir),
    kernelsDir: resolve(root, config.kernelsDir),
    fleetFile: config.fleetFile === null ? (existsSync(implied) ? implied : null) : resolve(root, config.fleetFile),
  };
};

const freeze = (config: KilnFile): KilnConfig =>
  Object.freeze({
    ...config,
    server: veiled(config.server, { token: '[secret]' }),
    store: veiled(config.store, 'url' in config.store ? { url: withoutPassword(config.store.url) } : {}),
    queue: veiled(config.queue, 'url' in config.queue ? { url: withoutPassword(config.queue.url) } : {}),
    limits: Object.freeze(config.limits),
    judging: Object.freeze({ ...config.judging, timing: Object.freeze(config.judging.timing) }),
    journal: Object.freeze(config.journal),
    agents: frozen(config.agents),
    log: Object.freeze(config.log),
  });

/** Frozen at every level. */
const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
};

/** Frozen copy whose JSON and inspection show `shown` in place of the fields that hold secrets. */
const veiled = <T extends object>(value: T, shown: Readonly<Record<string, string>>): T => {
  const copy = { ...value };
  const hidden = Object.keys(shown).filter((key) => key in copy);
  const view = (): object => ({ ...copy, ...Object.fromEntries(hidden.map((key) => [key, shown[key]])) });
  Object.defineProperty(copy, 'toJSON', { value: view, enumerable: false });
  Object.defineProperty(copy, inspect.custom, { value: view, enumerable: false });
  return Object.freeze(copy);
};

/** "postgres://user:secret@host/db" -> "postgres://user:***@host/db". */
export const withoutPassword = (url: string): string => {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  for (const key of parsed.searchParams.keys()) if (/pass|secret|token/i.test(key)) parsed.searchParams.set(key, '***');
  return parsed.href;
};
