/** The composition root: the only place that knows every part. Opens in order, closes in the opposite one. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { wallClockMs } from './platform/clock.ts';
import { closeAll } from './platform/closers.ts';
import type { Closer } from './platform/closers.ts';
import { createCampaigns } from './agents/campaigns.ts';
import type { AgentCampaigns } from './agents/campaigns.ts';
import { CONTRACT } from './agents/context/contract.ts';
import { createGenerators } from './agents/generators/create-generators.ts';
import { loadFleet } from './config/fleet-config.ts';
import type { KilnConfig } from './config/kiln-config.ts';
import { KilnError } from './domain/errors.ts';
import { createEngine } from './engine/engine.ts';
import type { Engine } from './engine/engine.ts';
import { startJournalUpkeep } from './store/journal-upkeep.ts';
import { sessionFactory } from './gpu/fleet.ts';
import { commandEnvironment } from './gpu/process-environment.ts';
import { createHostWork } from './hostwork/create-host-work.ts';
import { meantFleet, openLiveFleet, openStateHooks } from './live-fleet.ts';
import { readProblems } from './problems/load-problems.ts';
import { createServer } from './server/create-server.ts';
import { createSweeps } from './sweeps/sweeps.ts';
import type { RunningSweeps } from './sweeps/sweeps.ts';
import { addressUnavailable, requireFreeAddress } from './server/free-address.ts';
import type { HostWork } from './domain/ports/host-work.ts';
import type { Kiln } from './domain/ports/kiln.ts';
import { createGarbageCollector } from './storage/collect-garbage.ts';
import { openStorage } from './storage/open-storage.ts';
import type { SqlStore } from './store/store.ts';

const UNWRITTEN_LOG_BYTES_MAX = 16 * 1024 * 1024;

export interface Daemon {
  /** "http://127.0.0.1:7070". */
  readonly url: string;
  /** Resolves when another daemon has taken over the store or the queue: this one writes nothing more, and is to be stopped. */
  readonly lost: Promise<KilnError>;
  /** Reads the fleet file again. Throws INVALID_FLEET, with nothing changed. */
  reload(): Promise<void>;
  /** Idempotent. Nothing is lost: what runs on remote hosts goes on there, the rest is taken back at the next start. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly config: KilnConfig;
  /** For `~` and paths in the fleet file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where lines of JSON go; left out: standard error. */
  readonly logTo?: DestinationStream;
}

/** Throws KilnError for anything that keeps it from starting, with nothing left open. */
export const startDaemon = async ({ config, env, logTo }: DaemonOptions): Promise<Daemon> => {
  const log = pino({ level: config.log.level }, logTo ?? standardError());
  // What is wrong with files is said before anything is opened.
  const fleet = loadFleet({ file: config.fleetFile, env });
  const { problems, refused } = readProblems(config.kernelsDir);
  for (const { folder, reason } of refused) log.error({ folder, reason }, 'a problem does not load: it is left out');
  const closers: Closer[] = [];
  const lost = Promise.withResolvers<KilnError>();
  const stop = onceOnly(async () => {
    try {
      await closeAll(closers, log);
    } finally {
      log.flush();
    }
  });
  try {
    await requireFreeAddress(config.server);
    const { store, queue, daemonId, notReady, metrics } = await openStorage({ config, log, closers, onLost: lost.resolve });
    const createSession = sessionFactory({ dataDir: config.dataDir, daemonId, log });
    const meant = await meantFleet({ config, env, log }, { fleet, store });
    const sessions = meant.hosts.map(createSession);
    const hooks = openStateHooks({ env: commandEnvironment(env), log }, meant);
    const engine = createEngine({
      store,
      queue,
      sessions,
      problems,
      refusedProblems: refused,
      readProblems: () => readProblems(config.kernelsDir),
      rules: config.judging,
      limits: config.limits,
      log,
      now: wallClockMs,
      onDeviceState: (change) => hooks.onChange(change),
    });
    closers.push({ part: 'hooks', close: async () => hooks.stop() });
    closers.push({ part: 'engine', close: async () => engine.stop() });
    await engine.start();
    const upkeep = startJournalUpkeep({ store, keepDays: config.journal.keepDays, now: wallClockMs, log });
    closers.push({ part: 'journal upkeep', close: async () => upkeep.stop() });
    const campaigns = await openAgents({ config, env }, { store, judging: engine.kiln }, { log, closers });
    const sweeps = createSweeps({ store, judging: engine.kiln, log });
    closers.push({ part: 'sweeps', close: async () => sweeps.close() });
    await sweeps.start();
    const live = openLiveFleet({ config, env, log }, { meant, store, control: engine.hosts, createSession });
    hooks.follow(live);
    closers.push({ part: 'fleet', close: async () => live.close() });
    const kiln: Kiln = {
      ...engine.kiln,
      collectGarbage: createGarbageCollector({ store, dataDir: config.dataDir, now: wallClockMs, log }),
      fleet: async () => live.withFile(await engine.kiln.fleet()),
      fleetControl: live.control,
      notReady: async () => engine.kiln.notReady() ?? notReady(),
      metrics: async () => (await Promise.all([engine.kiln.metrics(), metrics()])).join('\n'),
    };
    const work = createHostWork(engine.hosts);
    const url = await listen(config, { kiln, campaigns, sweeps, work, shares: store, access: store }, { log, closers });
    log.info({ url, problems: problems.size, hosts: sessions.length }, 'kiln is up');
    return { url, lost: lost.promise, reload: async () => void (await live.control.reload()), stop };
  } catch (error) {
    // What could not be closed is in the log; why it did not start is what its caller must know.
    await stop().catch(() => undefined);
    throw error;
  }
};

/** A log that cannot be written (a full disk, a reader that left) is lost; it must not end the daemon, nor fill its memory. */
const standardError = (): DestinationStream =>
  pino.destination({ dest: 2, sync: false, maxLength: UNWRITTEN_LOG_BYTES_MAX }).on('error', () => undefined);

const listen = async (
  config: KilnConfig,
  parts: {
    readonly kiln: Kiln;
    readonly campaigns: AgentCampaigns;
    readonly sweeps: RunningSweeps;
    readonly work: HostWork;
    readonly shares: SqlStore;
    readonly access: SqlStore;
  },
  { log, closers }: { readonly log: Logger; readonly closers: Closer[] },
): Promise<string> => {
  const { host, port, token = null } = config.server;
  const app = await createServer({
    ...parts,
    contract: CONTRACT,
    config: { port, token, limits: config.limits },
    log: log.child({}, { level: 'warn' }),
  });
  closers.push({ part: 'server', close: async () => app.close() });
  await app.listen({ host, port }).catch((error: unknown) => {
    throw addressUnavailable({ host, port }, error);
  });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new KilnError('INTERNAL', `no TCP address for ${host}:${port}`);
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
};

/** Campaigns that were running go on. */
const openAgents = async (
  { config, env }: Pick<DaemonOptions, 'config' | 'env'>,
  { store, judging }: { readonly store: SqlStore; readonly judging: Engine['kiln'] },
  { log, closers }: { readonly log: Logger; readonly closers: Closer[] },
): Promise<AgentCampaigns> => {
  const generators = createGenerators({ settings: config.agents, env, log });
  const campaigns = createCampaigns({ store, judging, generators, settings: config.agents, log, now: wallClockMs });
  closers.push({ part: 'agents', close: async () => campaigns.close() });
  await campaigns.start();
  return campaigns;
};

const onceOnly = (work: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | null = null;
  return async () => {
    running ??= work();
    await running;
  };
};
