/**
 * What agents are told, as files: node bench/agents/contexts.ts. Writes docs/contexts/PROBLEM-DEVICE.md, the prompt of a first turn for three problems on an H100 and on the cpu device, and
 * prints their bytes as a table, and what an answer to one of them costs by the price list. The parent is the problem's first seed; its numbers are made up, what is said of devices are
 * their data sheets'.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { deviceSheetOf } from '../../src/agents/context/device-sheet.ts';
import { headroomOf } from '../../src/agents/context/headroom.ts';
import { playbookOf } from '../../src/agents/context/playbook.ts';
import { sharedPartsOf } from '../../src/agents/context/shared-parts.ts';
import { promptBytes } from '../../src/agents/generators/claude-request.ts';
import { batchPrices, microsOf, mostMicros, pricesFor } from '../../src/agents/generators/prices.ts';
import { buildPrompt } from '../../src/agents/prompt/build-prompt.ts';
import { FleetView } from '../../src/domain/api/fleet.ts';
import type { DeviceSheet, Exhibit, GenerationContext } from '../../src/domain/campaign/generation-context.ts';
import { ClaudeSettings } from '../../src/domain/campaign/generator-settings.ts';
import { CandidateId } from '../../src/domain/ids.ts';
import type { LibraryTime } from '../../src/domain/library.ts';
import type { Language } from '../../src/domain/plan/plan.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { table } from '../markdown.ts';

const PROBLEMS = ['softmax', 'matmul', 'rmsnorm'];
const FOLDER = 'docs/contexts';
const problems = loadProblems('kernels');
const problem = (name: string) => {
  const found = problems.get(name);
  if (found === undefined) throw new Error(`no problem ${name}`);
  return { problem: found.problem, readme: found.readme, files: { ...found.files } };
};

/** What a host tells of its H100; of a cpu device what one of our machines told. */
const H100: DeviceSheet = {
  ...deviceSheetOf(
    FleetView.parse({ hosts: [], stages: { queued: null, compiling: null, ready: null, judging: null, confirming: null } }),
    'H100',
  ),
  model: 'NVIDIA H100 80GB HBM3',
  architecture: 'sm_90a',
  multiprocessors: 132,
  memoryBytes: 85_031_714_816,
  l2Bytes: 52_428_800,
  sharedBytesPerBlock: 232_448,
};
const CPU: DeviceSheet = {
  ...H100,
  class: 'cpu',
  model: 'AMD EPYC',
  architecture: 'native',
  multiprocessors: 2,
  memoryBytes: 25_276_502_016,
  l2Bytes: 33_554_432,
  sharedBytesPerBlock: null,
  copyBytesPerSecond: 1.2e10,
  peakBytesPerSecond: null,
  peakFlopsPerSecond: null,
};

const LIBRARY: Omit<LibraryTime, 'cases'> = {
  device: H100.class,
  deviceModel: H100.model,
  candidateId: null,
  environment: 'torch 2.11.0, CUDA 13.0, driver 580.65.06',
  reason: null,
};

type Told = readonly [DeviceSheet, readonly Language[], RegExp];
const ON_H100: Told = [H100, ['cuda', 'triton'], /^seeds\/.*\.cu$/];
const DEVICES: readonly Told[] = [ON_H100, [CPU, ['c'], /^seeds\/.*\.c$/]];

const contextOf = (name: string, [device, languages, seeds]: Told): GenerationContext => {
  const shared = sharedPartsOf({ problem: name, device: device.class, languages }, { problem });
  const [file = ''] = Object.keys(problem(name).files)
    .filter((one) => seeds.test(one))
    .toSorted();
  const headroom = headroomOf(shared.problem, device);
  const parent: Exhibit = {
    candidateId: CandidateId.parse(`c-${'0'.repeat(32)}`),
    language: device.class === 'cpu' ? 'c' : 'cuda',
    source: problem(name).files[file] ?? '',
    params: {},
    idea: file,
    speedup: 1.5,
    floorShare: 0.5,
    cases: headroom.map((item) => ({
      case: item.case,
      medianNs: 2 * item.floorNs,
      baselineNs: 3 * item.floorNs,
      speedup: 1.5,
      floorShare: 0.5,
    })),
    profile: null,
  };
  return {
    ...shared,
    move: 'improve',
    device,
    playbook: playbookOf(device.architecture, languages),
    incumbent: parent,
    parents: [parent],
    failure: null,
    attempts: [],
    turns: [],
    tried: [],
    earlier: [],
    memory: [],
    elsewhere: [],
    headroom,
    library:
      device.class === 'cpu'
        ? null
        : { ...LIBRARY, cases: headroom.map((item) => ({ case: item.case, medianNs: 1.25 * item.floorNs })) },
    proposed: [],
    proposal: null,
    seed: 1,
  };
};

/** Of an answer that is short, and of one that was thought about for long. */
const ANSWER_TOKENS = [3000, 15_000];
/** As code comes to; what a service counts is another number. */
const BYTES_PER_TOKEN = 3;
const MODELS = ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-4-5'];

/** Of a first turn of softmax on the H100: who writes the cache, who reads it, in a batch that reads it, and what is reserved. */
const costsOf = (model: string): readonly string[] => {
  const prices = pricesFor(model, 5);
  if (!prices) throw new Error(`no prices of ${model}`);
  const prompt = buildPrompt(contextOf('softmax', ON_H100));
  const bytes = promptBytes(prompt, false);
  const inputTokens = Math.ceil(Buffer.byteLength(prompt.task) / BYTES_PER_TOKEN);
  const prefix = Math.ceil(bytes / BYTES_PER_TOKEN) - inputTokens;
  const cost = (cached: 'cacheWriteTokens' | 'cacheReadTokens', list: typeof prices): string =>
    ANSWER_TOKENS.map((outputTokens) => {
      const tokens = { inputTokens, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens, [cached]: prefix };
      return dollars(microsOf(tokens, list));
    }).join(' to ');
  const { maxTokens } = ClaudeSettings.parse({ kind: 'claude' });
  const reserve = dollars(mostMicros({ promptBytes: bytes, maxTokens }, prices));
  return [
    model,
    cost('cacheWriteTokens', prices),
    cost('cacheReadTokens', prices),
    cost('cacheReadTokens', batchPrices(prices)),
    reserve,
  ];
};

const dollars = (micros: number): string => `$${(micros / 1e6).toFixed(3)}`;

mkdirSync(FOLDER, { recursive: true });
const rows = PROBLEMS.flatMap((name) =>
  DEVICES.map((device) => {
    const { system, problem: ground, task } = buildPrompt(contextOf(name, device));
    const file = `${name}-${device[0].class}.md`;
    writeFileSync(`${FOLDER}/${file}`, `${[system, ground, task].join('\n\n---\n\n')}\n`);
    const bytes = [system, ground, task].map((part) => Buffer.byteLength(part));
    return [`[${file}](contexts/${file})`, ...bytes, bytes.reduce((sum, part) => sum + part, 0)];
  }),
);
console.log(table(['context', 'of all agents', 'of the problem and device', 'of this turn', 'bytes'], rows));
console.log(`\n${table(['model', 'the first of its agents', 'every other', 'in a batch', 'reserved'], MODELS.map(costsOf))}`);
