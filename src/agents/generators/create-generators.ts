/** The generators that campaigns can name here, from the settings and the daemon's environment. Keys come from the environment alone. */
import type { Logger } from 'pino';
import { wallClockMs } from '../../platform/clock.ts';
import { type AgentsSettings, ClaudeSettings, type GeneratorSettings } from '../../domain/campaign/generator-settings.ts';
import type { Generator } from '../generator.ts';
import { createClaude } from './claude.ts';
import { SYSTEM_CLOCK } from '../../platform/clock.ts';
import { createCommand } from './command.ts';
import { createEvolve } from './evolve.ts';
import { createOpenAiCompatible } from './openai-compatible.ts';
import { RETRY_LIMITS } from './retry.ts';
import type { ServiceDeps } from './service.ts';

export interface GeneratorsOptions {
  readonly settings: AgentsSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

export interface Generators {
  /** By name. */
  readonly all: readonly Generator[];
  readonly byName: ReadonlyMap<string, Generator>;
  /** Of campaigns that name none. */
  readonly default: Generator;
}

const CLAUDE = 'claude';
const EVOLVE = 'evolve';

/** `evolve` and `claude` are always there; `claude` says what is missing where it cannot be used. */
export const createGenerators = ({ settings, env, log }: GeneratorsOptions): Generators => {
  const listed = Object.entries({ [CLAUDE]: ClaudeSettings.parse({ kind: CLAUDE }), ...settings.generators });
  const evolve = createEvolve();
  const diagnosers = new Set(listed.flatMap(([name, own]) => diagnosersOf(name, own)));
  const made = listed.map(([name, own]) => createOne(own, { ...deps(name, log), env, isDiagnoser: diagnosers.has(name) }));
  const all = [evolve, ...made].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(all.map((generator) => [generator.name, generator]));
  return { all, byName, default: byName.get(settings.default ?? impliedDefault(env)) ?? evolve };
};

const impliedDefault = (env: GeneratorsOptions['env']): string => (env['ANTHROPIC_API_KEY'] ? CLAUDE : EVOLVE);

const deps = (name: string, log: Logger): ServiceDeps => ({
  name,
  log,
  clock: SYSTEM_CLOCK,
  now: wallClockMs,
  random: Math.random,
  retries: RETRY_LIMITS,
});

const diagnosersOf = (name: string, settings: GeneratorSettings): readonly string[] =>
  settings.kind === 'command' || settings.diagnose === null ? [] : [settings.diagnose.by ?? name];

interface OneDeps extends ServiceDeps, Pick<GeneratorsOptions, 'env'> {
  readonly isDiagnoser: boolean;
}

const createOne = (settings: GeneratorSettings, { env, ...own }: OneDeps): Generator => {
  switch (settings.kind) {
    case 'claude':
      return createClaude(settings, {
        ...own,
        apiKey: env['ANTHROPIC_API_KEY'] || null,
        baseUrl: env['ANTHROPIC_BASE_URL'] || null,
      });
    case 'openai-compatible':
      return createOpenAiCompatible(settings, {
        ...own,
        key: settings.keyVariable === null ? null : env[settings.keyVariable] || null,
      });
    case 'command':
      return createCommand({ ...settings, name: own.name, env: neededOf(env, settings.variables) });
  }
};

/** What programs need to find their files, to speak their language and to reach the network. */
const NEEDED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|XDG_[A-Z_]+|(?:HTTPS?|NO|ALL)_PROXY|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/iu;

/** Programs that people bring, and what they show of themselves, get none of the daemon's secrets but those that are named for them. */
const neededOf = (env: GeneratorsOptions['env'], named: readonly string[]): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => NEEDED.test(name) || named.includes(name)));
