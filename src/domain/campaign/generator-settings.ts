/** The `agents` section of kiln.yaml: what writes candidates, and how far ahead of the fleet. Keys are never part of it. */
import { z } from 'zod';
import { strictFields } from '../../platform/strict-fields.ts';
import { IMPLEMENTATIONS_MAX, PROPOSALS_MAX } from './diagnosis.ts';
import { ownValue } from '../../platform/own-value.ts';

const MILLISECONDS_MAX = 3_600_000;
const MAX_TOKENS_MAX = 128_000;
const GENERATORS_MAX = 32;
const ARGV_MAX = 64;
const VARIABLES_MAX = 64;

const TokenLimit = z
  .int({ error: 'must be a whole number a minute, or null' })
  .min(1, 'must be at least 1 a minute, or null')
  .nullable()
  .default(null);

/** A minute, over all agents. Null: what the service's own headers say. */
export const RateLimits = strictFields({
  requestsPerMinute: TokenLimit,
  inputTokensPerMinute: TokenLimit,
  outputTokensPerMinute: TokenLimit,
});
export type RateLimits = z.infer<typeof RateLimits>;

const UsdPerMillion = z.number({ error: 'must be US dollars per million tokens' }).min(0, 'must not be negative').max(10_000);

/** US dollars per million tokens, which is millionths of a dollar per token. */
export const TokenPrices = strictFields({
  input: UsdPerMillion,
  /** Input that is written to the service's prompt cache (kept for five minutes). */
  cacheWrite: UsdPerMillion,
  /** Input that is read from it. */
  cacheRead: UsdPerMillion,
  output: UsdPerMillion,
});
export type TokenPrices = z.infer<typeof TokenPrices>;

const BaseUrl = z
  .string({ error: 'must be a URL that starts with http:// or https://' })
  .max(4096)
  .refine((url) => /^https?:\/\//u.test(url) && URL.canParse(url), 'must be a URL that starts with http:// or https://');
const ModelName = z.string({ error: 'must be the name of a model' }).min(1, 'must be the name of a model').max(200);
const MaxTokens = z
  .int({ error: `must be a whole number from 256 to ${MAX_TOKENS_MAX}` })
  .min(256)
  .max(MAX_TOKENS_MAX);
const TimeoutMs = z
  .number({ error: `must be a number of milliseconds, at most ${MILLISECONDS_MAX}` })
  .positive()
  .max(MILLISECONDS_MAX)
  .default(600_000);

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
const Effort = z.enum(EFFORTS, { error: 'must be low, medium, high, xhigh, max or null' });

/** By what is asked for; what is left out has the generator's own `effort`. */
const Efforts = strictFields({
  diagnose: Effort.optional(),
  new: Effort.optional(),
  improve: Effort.optional(),
  cross: Effort.optional(),
  repair: Effort.optional(),
});
export type Efforts = z.infer<typeof Efforts>;

/** Before it writes, somebody says what limits the parent and proposes ideas in words. */
const Diagnose = strictFields({
  /** Name of the generator that is asked (claude or openai-compatible); null: this one. */
  by: z.string({ error: 'must be the name of a generator, or null' }).min(1).max(64).nullable().default(null),
  proposals: z
    .int({ error: `must be a whole number from 1 to ${PROPOSALS_MAX}` })
    .min(1)
    .max(PROPOSALS_MAX)
    .default(3),
  /** So many candidates of each proposal. */
  implementations: z
    .int({ error: `must be a whole number from 1 to ${IMPLEMENTATIONS_MAX}` })
    .min(1)
    .max(IMPLEMENTATIONS_MAX)
    .default(1),
});
export type Diagnose = z.infer<typeof Diagnose>;

/** Of campaigns that allow batches. */
const BatchSettings = strictFields({
  /** Questions of a campaign that come within so long go out together. */
  collectSeconds: z.number({ error: 'must be a number of seconds, at most 3600' }).min(0).max(3600).default(20),
  /** The state of a batch is asked for at most so seldom: waits begin shorter and double. */
  pollSeconds: z.number({ error: 'must be a number of seconds, from 1 to 3600' }).min(1).max(3600).default(60),
});

export const ClaudeSettings = strictFields({
  kind: z.literal('claude'),
  model: ModelName.default('claude-sonnet-5-5'),
  /** Null: the model's own default. */
  effort: Effort.nullable().default(null),
  efforts: Efforts.prefault({}),
  /** Null: it writes at once. */
  diagnose: Diagnose.nullable().default(null),
  /**
   * `adaptive`: the model thinks as much as it finds right; `off`: not at all; a number: at most so many tokens (models that do not know `adaptive`). Null: as
   * its model takes it (generators/model-traits.ts). What a model is known not to take is told when the daemon starts.
   */
  thinking: z
    .union([z.enum(['adaptive', 'off']), z.int().min(1024).max(MAX_TOKENS_MAX)], {
      error: 'must be adaptive, off, a number of tokens from 1024, or null',
    })
    .nullable()
    .default(null),
  /** How long the service keeps a prompt's prefix: an hour costs more to write, and pays where agents ask less often than every five minutes. */
  cacheMinutes: z.union([z.literal(5), z.literal(60)], { error: 'must be 5 or 60' }).default(5),
  /** Of one answer, thinking included: what an answer can cost at most is reserved from a campaign's budget. */
  maxTokens: MaxTokens.default(32_000),
  timeoutMs: TimeoutMs,
  batches: BatchSettings.prefault({}),
  /** Null: ANTHROPIC_BASE_URL, and without it the service itself. */
  baseUrl: BaseUrl.nullable().default(null),
  limits: RateLimits.prefault({}),
  /** Null: the list in `agents/generators/prices.ts`. */
  prices: TokenPrices.nullable().default(null),
});
export type ClaudeSettings = z.infer<typeof ClaudeSettings>;

const VariableName = z
  .string({ error: 'must be the name of an environment variable' })
  .regex(/^[A-Z_][A-Z0-9_]{0,127}$/u, 'must be the name of an environment variable, never a key itself');

export const OpenAiCompatibleSettings = strictFields({
  kind: z.literal('openai-compatible'),
  /** As its documentation says it, up to and with `/v1`. */
  baseUrl: BaseUrl,
  model: ModelName,
  /** Name of the environment variable that holds the key; null: none is sent. */
  keyVariable: VariableName.nullable().default(null),
  maxTokens: MaxTokens.default(16_000),
  /** Sent as `reasoning_effort`; null: it is not sent. */
  effort: Effort.nullable().default(null),
  efforts: Efforts.prefault({}),
  /** Null: it writes at once. */
  diagnose: Diagnose.nullable().default(null),
  timeoutMs: TimeoutMs,
  /** Ask for JSON by schema. `auto`: until the server refuses it once. `off`: ask for a fenced block. */
  structured: z.enum(['auto', 'off'], { error: 'must be auto or off' }).default('auto'),
  limits: RateLimits.prefault({}),
  /** Left out: it costs nothing. */
  prices: TokenPrices.default({ input: 0, cacheWrite: 0, cacheRead: 0, output: 0 }),
});
export type OpenAiCompatibleSettings = z.infer<typeof OpenAiCompatibleSettings>;

const Argument = z.string({ error: 'must be text' }).min(1, 'must not be empty').max(4096);

export const CommandSettings = strictFields({
  kind: z.literal('command'),
  /** Program and arguments, started without a shell. The context is on its standard input, the candidate on its standard output. */
  argv: z
    .tuple([Argument], Argument, { error: 'must be a list: the program and its arguments' })
    .refine((argv) => argv.length <= ARGV_MAX, `at most ${ARGV_MAX} arguments`),
  timeoutMs: TimeoutMs,
  /** Of the daemon's environment it gets what programs need to run, and these. */
  variables: z
    .array(VariableName, { error: 'must be a list of names of environment variables' })
    .max(VARIABLES_MAX, `at most ${VARIABLES_MAX} variables`)
    .default([]),
});
export type CommandSettings = z.infer<typeof CommandSettings>;

export const GeneratorSettings = z.discriminatedUnion('kind', [ClaudeSettings, OpenAiCompatibleSettings, CommandSettings], {
  error: 'must be claude, openai-compatible or command',
});
export type GeneratorSettings = z.infer<typeof GeneratorSettings>;

/** These exist without being listed: `evolve` as it is, `claude` with its defaults. */
const ALWAYS = ['evolve', 'claude'];

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/u;

const nameComplaint = (name: string): string | null => {
  if (name === 'evolve') return 'evolve is built in and has no settings; take another name';
  return NAME.test(name) ? null : 'a generator is named by lower case letters, digits, ".", "_" and "-", at most 64';
};

export const AgentsSettings = strictFields({
  /** So much work is kept queued for each device class while a campaign runs. */
  queueSeconds: z.number({ error: 'must be a number of seconds' }).positive().max(3600).default(5),
  /** Agents of all campaigns that think at once. */
  thinkingMax: z.int({ error: 'must be a whole number' }).min(1).max(10_000).default(1000),
  /** Name of the generator of campaigns that name none. Null: claude where ANTHROPIC_API_KEY is set, otherwise evolve. */
  default: z.string({ error: 'must be the name of a generator, or null' }).nullable().default(null),
  generators: z
    .record(z.string(), GeneratorSettings)
    .superRefine((generators, context) => {
      for (const [name, settings] of Object.entries(generators)) {
        const message = nameComplaint(name);
        if (message !== null) context.addIssue({ code: 'custom', path: [name], message });
        const by = settings.kind === 'command' ? null : (settings.diagnose?.by ?? null);
        const complaint = by === null ? null : diagnoserComplaint(by, generators);
        if (complaint !== null) context.addIssue({ code: 'custom', path: [name, 'diagnose', 'by'], message: complaint });
      }
    })
    .refine((generators) => Object.keys(generators).length <= GENERATORS_MAX, `at most ${GENERATORS_MAX} generators`)
    .default({ claude: ClaudeSettings.parse({ kind: 'claude' }) }),
}).refine(({ default: name, generators }) => name === null || ALWAYS.includes(name) || Object.hasOwn(generators, name), {
  path: ['default'],
  error: 'names no generator: it must be evolve, claude or one of agents.generators',
});
/** Whoever is asked for a diagnosis must be a model. */
const diagnoserComplaint = (by: string, generators: Readonly<Record<string, GeneratorSettings>>): string | null => {
  if (by === 'claude' && !Object.hasOwn(generators, 'claude')) return null;
  const kind = ownValue(generators, by)?.kind;
  if (kind === 'claude' || kind === 'openai-compatible') return null;
  return kind === undefined && by !== 'evolve'
    ? `names no generator: "${by}" is not in agents.generators`
    : `"${by}" cannot diagnose: name a generator of kind claude or openai-compatible`;
};

export type AgentsSettings = z.infer<typeof AgentsSettings>;
