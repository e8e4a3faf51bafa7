/** `config/kiln.yaml` with the KILN_* variables laid over it, as far as a schema asks for it. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { fieldName, type FieldPath } from '../platform/yaml-document.ts';
import { type Environment, overlayEnvironment, variableOf } from './environment.ts';
import { type FieldProblem, parseLocatedYaml, problemsOf } from './located-yaml.ts';
import { Server } from './server-schema.ts';

export interface ConfigSource {
  /** The project's folder: relative paths start here. */
  readonly root: string;
  readonly env: Environment;
}

const CONFIG_FILE = 'config/kiln.yaml';

export const configFile = ({ root, env }: ConfigSource): string => resolve(root, env['KILN_CONFIG'] || CONFIG_FILE);

/** An empty text where there is no file. Throws INVALID_CONFIG for one that cannot be read, and where there is none that KILN_CONFIG names. */
export const readConfigFile = (source: ConfigSource): { readonly file: string; readonly text: string } => {
  const file = configFile(source);
  if (!source.env['KILN_CONFIG'] && !existsSync(file)) return { file, text: '' };
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new KilnError('INVALID_CONFIG', `${file}: cannot be read; create it or unset KILN_CONFIG`, { cause });
  }
};

interface Check<T> {
  readonly env: Environment;
  /** Only named in messages. */
  readonly file: string;
  /** What the schema cannot say. */
  readonly complaintsOf?: (config: T) => readonly FieldProblem[];
}

/** Throws KilnError INVALID_CONFIG, naming the file's line or the variable, the field and what to do. */
export const checkedConfig = <T>(schema: z.ZodType<T>, text: string, { env, file, complaintsOf = () => [] }: Check<T>): T => {
  const yaml = parseLocatedYaml(text, file, z.record(z.string(), z.unknown(), { error: 'must be fields and their values' }));
  const checked = schema.safeParse(overlayEnvironment(yaml.value, env));
  const complaints = checked.success ? complaintsOf(checked.data) : checked.error.issues.flatMap(problemsOf);
  const [fromEnvironment] = complaints.flatMap(({ path, message }) => describeVariable(path, message, env));
  if (fromEnvironment !== undefined) throw new KilnError('INVALID_CONFIG', fromEnvironment);
  if (!checked.success || complaints.length > 0) throw yaml.errorOf(complaints);
  return checked.data;
};

const describeVariable = (path: FieldPath, message: string, env: Environment): readonly string[] => {
  const variable = variableOf(path, env);
  return variable === undefined ? [] : [`${variable} (${fieldName(path)}): ${message}`];
};

const WithServer = z.object({ server: Server.prefault({}) });

/** All that a client needs of it. The rest is the daemon's, and not checked. Throws as `checkedConfig` does. */
export const loadServerConfig = (source: ConfigSource): z.output<typeof Server> => {
  const { file, text } = readConfigFile(source);
  return checkedConfig(WithServer, text, { env: source.env, file }).server;
};
