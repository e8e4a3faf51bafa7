/**
 * The task of an agent, done twice with the client of the official SDK: by one whose host shows its model the data of answers alone, and by one that
 * sees their text alone. Each knows nothing but what the tools tell: names, sources, params and ids are read out of answers.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overHttp, type McpTalk, type ToolAnswer } from '../support/server/mcp-client.ts';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln } from '../support/kiln-process.ts';

const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';

/** What a model is shown of an answer. */
type Shown = (answer: ToolAnswer) => string;
const VIEWS: readonly (readonly [string, Shown])[] = [
  ['the data alone', ({ data }) => JSON.stringify(data, null, 1).replaceAll('\\n', '\n').replaceAll('\\"', '"')],
  ['the text alone', ({ text }) => text],
];

const found = (text: string, pattern: RegExp): string => {
  const [, group] = pattern.exec(text) ?? [];
  if (group === undefined) throw new Error(`nothing like ${pattern} in:\n${text}`);
  return group;
};

const ID = /(c-[0-9a-f]{32})/;

/** It takes the record, or on a busy machine is told that its confirmation was disturbed. */
const first = (of: number): RegExp =>
  new RegExp(
    `record, place 1 of ${of}|place 1 of ${of}[^]*not confirmed because the times of its confirmation contradict each other`,
  );

class Agent {
  readonly #talk: McpTalk;
  readonly #shown: Shown;
  constructor(talk: McpTalk, shown: Shown) {
    this.#talk = talk;
    this.#shown = shown;
  }

  async call(tool: string, args: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.#talk.call(tool, args);
    if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
    return this.#shown(answer);
  }

  /** Until it has its verdict. */
  async submit(args: Record<string, unknown>): Promise<string> {
    let told = await this.call('submit_candidate', { ...args, waitSeconds: 50 });
    for (let turn = 0; turn < 8 && told.includes('wait_for_verdict'); turn += 1)
      told = await this.call('wait_for_verdict', { id: found(told, ID), waitSeconds: 50 });
    return told;
  }
}

/** The source within the marks of an answer, whichever way it was shown. */
const sourceIn = (text: string): string => {
  const begin = text.indexOf('/* kiln');
  const end = Math.max(text.lastIndexOf('}\n````'), text.lastIndexOf('}"'));
  if (begin < 0 || end < begin) throw new Error(`no source in:\n${text}`);
  return `${text.slice(begin, end + 1)}\n`;
};

const work = async (agent: Agent): Promise<string> => {
  // What there is, and with what to begin.
  expect(await agent.call('list_problems')).toContain('softmax');
  const problem = await agent.call('get_problem', { problem: 'softmax', language: 'c' });
  expect(problem).toContain('one thread');
  const baseline = sourceIn(await agent.call('get_seed', { problem: 'softmax', seed: found(problem, /(baseline\.c)/) }));
  const source = sourceIn(await agent.call('get_seed', { problem: 'softmax', seed: found(problem, /(2-[\w-]+\.c)/) }));
  const candidate = { problem: 'softmax', language: 'c' };
  const slow = await agent.submit({ ...candidate, source: baseline });
  expect(slow).toMatch(first(1));
  // Its host is connected by now.
  expect(await agent.call('list_devices')).toMatch(/gcc/);

  // A mistake, understood from its place and values.
  const mistaken = source.replace('to[c] *= scale;', 'to[c] *= scale * (c == 2 ? 2 : 1);');
  expect(mistaken).not.toBe(source);
  const wrong = await agent.submit({ ...candidate, source: mistaken });
  expect(wrong).toContain('wrong_answer');
  expect(wrong).toMatch(/out\[0\]\[2\]|"position": \[\s*0,\s*2\s*\]/);
  expect(wrong).toMatch(/rows=37, cols=3|"cols": 3/);
  expect(wrong).toMatch(/Beside it|"near"/);

  // Repaired.
  const repaired = await agent.submit({ ...candidate, source });
  expect(repaired).toMatch(first(2));
  expect(repaired).toMatch(/GB\/s|gigabytesPerSecond/);
  const id = found(repaired, ID);
  expect(await agent.submit({ ...candidate, source })).toContain('known content: ');

  // Its params, by a sweep.
  let sweep = await agent.call('sweep', { id, strategy: 'grid', waitSeconds: 50 });
  for (let turn = 0; turn < 8 && sweep.includes('It goes on'); turn += 1)
    sweep = await agent.call('sweep', { id: found(sweep, /(s-[0-9a-f]{16})/), waitSeconds: 50 });
  expect(sweep).toMatch(/ACCUMULATORS\W+\d/);
  const best = found(sweep, ID);

  // Beside the baseline, in pairs, now; and what differs.
  const pair = { a: best, b: found(slow, ID) };
  let compared = await agent.call('compare', { ...pair, waitSeconds: 50 });
  for (let turn = 0; turn < 8 && compared.includes('wait_for_verdict'); turn += 1)
    compared = await agent.call('compare', { ...pair, waitSeconds: 50 });
  expect(compared).toMatch(/paired with c-[0-9a-f]{32}: \d+\.\d+x \[\d+\.\d\d, \d+\.\d\d\], it is faster/);
  expect(await agent.call('diff', pair)).toContain('-static inline vec load');

  // The record, and how it came about.
  const record = found(await agent.call('ranking', { problem: 'softmax', device: 'cpu' }), ID);
  const history = await agent.call('history', { problem: 'softmax', id: record });
  // A step of it is a record that was confirmed.
  if (slow.includes('record, place 1')) expect(history).toContain(found(slow, ID));
  else expect(history).not.toContain(found(slow, ID));
  expect(await agent.call('explain_candidate', { id: record, source: true })).toContain('/* kiln');
  return record;
};

describe.each(VIEWS)('an agent that is shown %s of answers', (_view, shown) => {
  let folder: KilnFolder;
  let daemon: KilnProcess;
  beforeAll(async () => {
    folder = kilnFolder(FLEET);
    daemon = await startKiln(folder);
  });
  afterAll(async () => {
    await daemon.stop();
    await folder.ended();
    const left = folder.remove();
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
  });

  test('reads, submits, understands, sweeps, compares and takes the record', async () => {
    const talk = await overHttp({ url: daemon.url, era: 'auto' });
    expect(await work(new Agent(talk, shown))).toMatch(ID);
    await talk.close();
  });
});
