/** The KILN_* variables that override fields of `config/kiln.yaml`. KILN_CONFIG itself is read by `kiln-config.ts`. */

export type Environment = Readonly<Record<string, string | undefined>>;

interface Variable {
  readonly path: readonly string[];
  readonly number?: true;
  /** `true` or `false`. */
  readonly flag?: true;
}

export const VARIABLES: Readonly<Record<string, Variable>> = {
  KILN_HOST: { path: ['server', 'host'] },
  KILN_PORT: { path: ['server', 'port'], number: true },
  KILN_TOKEN: { path: ['server', 'token'] },
  KILN_DATA_DIR: { path: ['dataDir'] },
  KILN_TAKEOVER_WAIT_MS: { path: ['takeoverWaitMs'], number: true },
  KILN_QUEUE_PREFIX: { path: ['queue', 'prefix'] },
  KILN_QUEUE_ADOPT: { path: ['queue', 'adopt'] },
  KILN_FLEET: { path: ['fleetFile'] },
  KILN_KERNELS_DIR: { path: ['kernelsDir'] },
  KILN_LOG_LEVEL: { path: ['log', 'level'] },
  KILN_JUDGE_LIMIT_MS: { path: ['judging', 'limitMs'], number: true },
  KILN_COMPILE_LIMIT_MS: { path: ['judging', 'compileLimitMs'], number: true },
  KILN_INFRA_RETRIES: { path: ['judging', 'infraRetries'], number: true },
  KILN_CANARY_EVERY_SECONDS: { path: ['judging', 'canaryEverySeconds'], number: true },
  KILN_CANARY_FIRST_SECONDS: { path: ['judging', 'canaryFirstSeconds'], number: true },
  KILN_RACING_PLACES: { path: ['judging', 'racingPlaces'], number: true },
  KILN_TIME_TO_ANSWERS: { path: ['judging', 'timeToAnswers'], flag: true },
  KILN_LIBRARY_TIMES: { path: ['judging', 'libraryTimes'], flag: true },
  KILN_JOURNAL_KEEP_DAYS: { path: ['journal', 'keepDays'], number: true },
  KILN_TIMING_METHOD: { path: ['judging', 'timing', 'method'] },
};

type Tree = { readonly [key: string]: unknown };

/** `file` with the variables laid over it. An empty variable counts as not set. */
export const overlayEnvironment = (file: Tree, env: Environment): Tree => {
  const set = Object.entries(VARIABLES).filter(([name]) => env[name]);
  return set.reduce<Tree>(
    (tree, [name, variable]) => put(tree, variable.path, valueOf(variable, env[name])),
    withBackends(file, env),
  );
};

/** What is no number, or no flag, is left as it is: the schema says what it must be. */
const valueOf = ({ number, flag }: Variable, text: string | undefined): unknown => {
  if (number) return Number(text);
  return flag && (text === 'true' || text === 'false') ? text === 'true' : text;
};

/** The variable that set the field at `path` (or a field above it), if one did. */
export const variableOf = (path: readonly (string | number)[], env: Environment): string | undefined => {
  const field = path.join('.');
  const exact = Object.entries(VARIABLES).find(([name, variable]) => env[name] && variable.path.join('.') === field)?.[0];
  if (exact !== undefined) return exact;
  if (env['KILN_POSTGRES_URL'] && field.startsWith('store')) return 'KILN_POSTGRES_URL';
  if (field.startsWith('queue'))
    return env['KILN_REDIS_URL'] ? 'KILN_REDIS_URL' : env['KILN_POSTGRES_URL'] && 'KILN_POSTGRES_URL';
  return undefined;
};

/** Postgres alone holds both the store and the queue; with Redis beside it the queue is there. */
const withBackends = (file: Tree, { KILN_POSTGRES_URL: postgres, KILN_REDIS_URL: redis }: Environment): Tree => {
  const kept = isTree(file['queue']) ? ownership(file['queue']) : {};
  return {
    queue: { backend: 'embedded' },
    ...file,
    ...(postgres
      ? { store: { backend: 'postgres', url: postgres }, queue: { ...kept, backend: 'postgres', url: postgres } }
      : {}),
    ...(redis ? { queue: { ...kept, backend: 'redis', url: redis } } : {}),
  };
};

/** What a file says of its queue besides where it is. */
const ownership = ({ prefix, adopt }: Tree): Tree => ({
  ...(prefix === undefined ? {} : { prefix }),
  ...(adopt === undefined ? {} : { adopt }),
});

const put = (tree: Tree, [key, ...rest]: readonly string[], value: unknown): Tree => {
  if (key === undefined) return tree;
  const child = tree[key];
  return { ...tree, [key]: rest.length === 0 ? value : put(isTree(child) ? child : {}, rest, value) };
};

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
