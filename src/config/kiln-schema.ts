/** What `config/kiln.yaml` and the KILN_* variables may say, with every default and limit. */
import { z } from 'zod';
import { BATCH_MAX } from '../domain/api/limits.ts';
import { AgentsSettings } from '../domain/campaign/generator-settings.ts';
import { strictFields } from '../platform/strict-fields.ts';
import { Count, Server } from './server-schema.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const Milliseconds = (max: number): z.ZodNumber => {
  const error = `must be a number of milliseconds, above 0 and at most ${max}`;
  return z.number({ error }).positive(error).max(max, error);
};
const Url = (...protocols: readonly string[]): z.ZodString =>
  z
    .string({ error: `must be a URL that starts with ${protocols.join(' or ')}` })
    .max(4096)
    .refine(
      (url) => protocols.some((protocol) => url.startsWith(protocol)) && URL.canParse(url),
      `must be a URL that starts with ${protocols.join(' or ')}`,
    );

const StoreConfig = z.discriminatedUnion(
  'backend',
  [
    strictFields({ backend: z.literal('embedded') }),
    strictFields({ backend: z.literal('postgres'), url: Url('postgres://', 'postgresql://') }),
  ],
  { error: 'must be embedded or postgres' },
);

/** Part of the names of keys and queues. */
const QueuePrefix = z
  .string({ error: 'must be text' })
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first',
  )
  .default('kiln');
const Adopted = z
  .string({ error: 'must be the id of a store' })
  .regex(/^store-[0-9a-f]{32}$/, 'must be the id of a store, as the refusal names it: store- and 32 hexadecimal digits')
  .nullable()
  .default(null);

const QueueConfig = z.discriminatedUnion(
  'backend',
  [
    strictFields({ backend: z.literal('embedded') }),
    strictFields({
      backend: z.literal('postgres'),
      url: Url('postgres://', 'postgresql://'),
      prefix: QueuePrefix,
      adopt: Adopted,
    }),
    strictFields({ backend: z.literal('redis'), url: Url('redis://', 'rediss://'), prefix: QueuePrefix, adopt: Adopted }),
  ],
  { error: 'must be embedded, postgres or redis' },
);

/** The domain's TimingRules, each field with its default. */
const Timing = strictFields({
  method: z.enum(['paired', 'cached'], { error: 'must be paired or cached' }).default('cached'),
  warmupRuns: Count(0, 10_000).default(5),
  runsMin: Count(1, 1_000_000).default(20),
  runsMax: Count(1, 1_000_000).default(100),
  targetRelativeCi: z.number({ error: 'must be a share such as 0.002' }).positive().max(1).default(0.002),
  caseBudgetMs: Milliseconds(600_000).default(250),
  baselineAgeMsMax: Milliseconds(86_400_000).default(30_000),
}).refine((timing) => timing.runsMin <= timing.runsMax, { path: ['runsMin'], error: 'must not be above runsMax' });

export const KilnFile = strictFields({
  server: Server.prefault({}),
  dataDir: z.string({ error: 'must be the path of a folder' }).min(1).max(4096).default('.kiln/data'),
  store: StoreConfig.default({ backend: 'embedded' }),
  queue: QueueConfig.default({ backend: 'embedded' }),
  /** How long a starting daemon waits for another one on the same data folder or store to stop. */
  takeoverWaitMs: z
    .number({ error: 'must be a number of milliseconds, from 0 to 3600000' })
    .min(0, 'must not be below 0')
    .max(3_600_000, 'must be at most 3600000')
    .default(30_000),
  /** Null: `config/fleet.yaml` if it is there, otherwise this machine alone. */
  fleetFile: z.string({ error: 'must be the path of a fleet file' }).min(1).max(4096).nullable().default(null),
  kernelsDir: z.string({ error: 'must be the path of a folder' }).min(1).max(4096).default('kernels'),
  limits: strictFields({
    sourceBytes: Count(1, 8 * 1024 * 1024).default(262_144),
    batch: Count(1, BATCH_MAX).default(BATCH_MAX),
    queued: Count(1, 100_000_000).default(2_000_000),
  }).prefault({}),
  judging: strictFields({
    timing: Timing.prefault({}),
    limitMs: Milliseconds(3_600_000).default(30_000),
    compileLimitMs: Milliseconds(3_600_000).default(20_000),
    infraRetries: Count(0, 100).default(3),
    /** How often a device that judges is given a known-good candidate. */
    canaryEverySeconds: Count(1, 86_400).default(300),
    /** After the first verdict of a device that never passed one. */
    canaryFirstSeconds: Count(1, 86_400).default(30),
    /** 0: every candidate is timed to the end. */
    racingPlaces: Count(0, 1000).default(20),
    /** Whether programs that cannot be recorded go on by their answers. */
    timeToAnswers: z.boolean({ error: 'must be true or false' }).default(true),
    /** Whether library programs of problems are timed on idle devices. */
    libraryTimes: z.boolean({ error: 'must be true or false' }).default(true),
  }).prefault({}),
  /** Null: for ever. Events of candidates that are not done are kept in any case. */
  journal: strictFields({ keepDays: Count(1, 36_500).nullable().default(30) }).prefault({}),
  agents: AgentsSettings.prefault({}),
  log: strictFields({ level: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info') }).prefault(
    {},
  ),
});
export type KilnFile = z.infer<typeof KilnFile>;
