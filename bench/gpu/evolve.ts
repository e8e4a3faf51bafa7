/**
 * An `evolve` campaign on this machine's GPU: no model, from `kernels/PROBLEM/evolve/start.cu`, whose defaults are naive. Then the problems'
 * hand-written seeds are judged on the same device, and the best of both are compared.
 *
 * usage: node bench/gpu/evolve.ts --data DIR [--gpu-minutes 10] [--wall-seconds 540] [--agents 96] [--problems a,b] [--device CLASS]
 *     [--out DIR]
 * At the wall limit the daemon is stopped and the campaign goes on with the next call on the same --data. --out gets evolve.md, the campaign's
 * report.md and a plot for each problem. KILN_SIMULATED_DEVICES shows how it works without a GPU (nothing improves there); --device cpu runs
 * on the development device.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { KilnClient } from '../../src/client/create-client.ts';
import type { CampaignView } from '../../src/domain/api/campaigns.ts';
import type { Language } from '../../src/domain/plan/plan.ts';
import { kilnFolder, startKiln, untilDone } from '../../test/support/kiln-process.ts';
import { addUse, NO_USE, Use, useIn } from './device-use.ts';
import { evolveReport } from './evolve-report.ts';
import type { Finish } from './evolve-report.ts';
import { simulatedDevices } from './rate/session-environment.ts';

const POLL_MS = 1000;
const CONNECT_LIMIT_MS = 600_000;
const SEEDS_LIMIT_MS = 600_000;
const KERNELS = join(import.meta.dirname, '../../kernels');
const ISLANDS = 4;
const SEED = 1;

interface Options {
  readonly data: string;
  readonly gpuMinutes: number;
  readonly wallSeconds: number;
  readonly agents: number;
  readonly problems: readonly string[];
  readonly device: string | undefined;
  readonly out: string | undefined;
}

const main = async (): Promise<void> => {
  const options = optionsOf();
  const startedMs = performance.now();
  mkdirSync(options.data, { recursive: true });
  // One device, so that its use is the host's.
  const devices = options.device === 'cpu' ? '' : ', gpus: auto, cpu: false';
  const folder = kilnFolder(`hosts:\n  - {name: evolve, local: {}, runnerDir: ${options.data}/runner${devices}}\n`, {
    ...simulatedDevices(),
    KILN_DATA_DIR: join(options.data, 'store'),
    KILN_LOG_LEVEL: 'warn',
  });
  try {
    const kiln = await startKiln(folder);
    try {
      const device = options.device ?? (await gpuClass(kiln.client));
      const id = await campaignOf(kiln.client, options, device);
      const use = await useOf(kiln.client);
      const view = await untilEnded(kiln.client, id, startedMs + options.wallSeconds * 1000);
      keepUse(options, addUse(await useOf(kiln.client), use, -1));
      process.stderr.write(`${progressOf(view)}\n`);
      if (view.status !== 'finished') return;
      await finish(kiln.client, view, { options, device });
    } finally {
      await kiln.stop();
    }
  } finally {
    folder.remove();
  }
};

const gpuClass = async (client: KilnClient): Promise<string> => {
  const deadlineMs = performance.now() + CONNECT_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const [host] = (await client.fleet()).hosts;
    if (host?.state === 'refused') throw new Error(`the host cannot be used: ${host.reason ?? 'no reason given'}`);
    const gpu = host?.devices.find(({ kind }) => kind === 'gpu');
    if (gpu) return gpu.class;
    if (host?.state === 'connected') throw new Error('the runner found no GPU; ./kiln doctor says why');
    await pause(POLL_MS);
  }
  throw new Error('the host did not connect');
};

/** The campaign of --data, or a new one. */
const campaignOf = async (client: KilnClient, options: Options, device: string): Promise<string> => {
  const [known] = (await client.campaigns()).campaigns;
  if (known) return known.id;
  const { id } = await client.createCampaign({
    name: 'evolve',
    problems: [...options.problems],
    devices: [device],
    agents: options.agents,
    generators: [{ name: 'evolve' }],
    budget: { gpuMinutes: options.gpuMinutes },
    start: { seeds: 'none', sources: options.problems.map((problem) => startOf(problem, device)) },
    islands: ISLANDS,
    seed: SEED,
  });
  return id;
};

const startOf = (problem: string, device: string): { problem: string; language: Language; source: string } => {
  const [file, language] = device === 'cpu' ? (['start.c', 'c'] as const) : (['start.cu', 'cuda'] as const);
  return { problem, language, source: readFileSync(join(KERNELS, problem, 'evolve', file), 'utf8') };
};

const untilEnded = async (client: KilnClient, id: string, deadlineMs: number): Promise<CampaignView> => {
  for (;;) {
    const view = await client.campaign(id);
    if (view.status !== 'running' || performance.now() >= deadlineMs) return view;
    await pause(POLL_MS);
  }
};

const progressOf = ({ status, spent, activity, best }: CampaignView): string => {
  const bests = best.map(
    (one) => `${one.problem} ${one.startSpeedup?.toFixed(3) ?? '-'} -> ${one.best?.speedup.toFixed(3) ?? '-'}`,
  );
  return `evolve: ${status}, ${spent.gpuMinutes.toFixed(2)} GPU minutes, ${spent.candidates} candidates; ${bests.join(', ')}; ${activity}`;
};

const useOf = async (client: KilnClient): Promise<Use> => useIn(await client.metrics());

/** Device time of all calls on one --data, in a file beside the store. */
const useFile = ({ data }: Options): string => join(data, 'use.json');
const keptUse = (options: Options): Use => {
  const file = useFile(options);
  return existsSync(file) ? Use.parse(JSON.parse(readFileSync(file, 'utf8'))) : NO_USE;
};
const keepUse = (options: Options, use: Use): void =>
  writeFileSync(useFile(options), JSON.stringify(addUse(keptUse(options), use, 1)));

const finish = async (
  client: KilnClient,
  view: CampaignView,
  { options, device }: { readonly options: Options; readonly device: string },
): Promise<void> => {
  const { attempts } = await client.activity({ since: new Date(0).toISOString() });
  const seeds = await judgeSeeds(client, options.problems, device);
  const bests = await Promise.all(
    options.problems.map(async (problem) => ({ problem, ranking: await client.ranking(problem, { device, limit: 1000 }) })),
  );
  const report = await client.campaignReport(view.id);
  const facts: Finish = {
    view,
    device,
    seeds,
    rankings: bests,
    use: keptUse(options),
    attempts,
    date: new Date().toISOString().slice(0, 10),
  };
  const text = evolveReport(facts);
  process.stdout.write(text);
  if (options.out === undefined) return;
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'evolve.md'), text);
  writeFileSync(join(options.out, 'report.md'), report);
  for (const problem of options.problems) {
    const plot = await client.campaignReport(view.id, { format: 'svg', problem });
    writeFileSync(join(options.out, `${problem}.svg`), plot);
  }
};

/** File of a hand-written seed -> its candidate, all judged. */
const judgeSeeds = async (client: KilnClient, problems: readonly string[], device: string): Promise<Finish['seeds']> => {
  const language = device === 'cpu' ? 'c' : 'cuda';
  const ending = device === 'cpu' ? '.c' : '.cu';
  const seeds: { problem: string; file: string; id: string }[] = [];
  for (const problem of problems) {
    const { files } = await client.problem(problem);
    const found = Object.entries(files).filter(([file]) => file.startsWith('seeds/') && file.endsWith(ending));
    const { candidates } = await client.submit(
      found.map(([, source]) => ({ problem, source, language, device, submitter: 'seeds' })),
    );
    seeds.push(...found.map(([file], index) => ({ problem, file, id: candidates[index]?.id ?? '' })));
  }
  await untilDone(client, new Set(seeds.map(({ id }) => id)), SEEDS_LIMIT_MS);
  return seeds;
};

const optionsOf = (): Options => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      data: text,
      'gpu-minutes': text,
      'wall-seconds': text,
      agents: text,
      problems: text,
      device: text,
      out: text,
    },
  });
  if (values.data === undefined) throw new Error('--data: give a folder; the campaign is kept there');
  return {
    data: resolve(values.data),
    gpuMinutes: positive('--gpu-minutes', values['gpu-minutes'] ?? '10'),
    wallSeconds: positive('--wall-seconds', values['wall-seconds'] ?? '540'),
    agents: positive('--agents', values.agents ?? '96'),
    problems: (values.problems ?? 'softmax,rmsnorm,matmul').split(','),
    device: values.device,
    out: values.out,
  };
};

const positive = (option: string, text: string): number => {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`${option}: "${text}" is no number above 0`);
};

await main();
