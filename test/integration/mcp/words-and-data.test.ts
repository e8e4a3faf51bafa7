/** Clients show their model the text of an answer or its data: whoever sees one of them must know all that the other says. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { TOOLS } from '../../../src/mcp/tools.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type McpTalk, overHttp, type ToolAnswer } from '../../support/server/mcp-client.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const SOURCE =
  '/* kiln\nparams: {BLOCK: 64}\nspace: {BLOCK: [64, 128]}\nlaunch: [{kernel: f, grid: [1], block: [BLOCK], args: [a, out, n]}]\n*/ __global__ void f() {}';
const CANDIDATE = { problem: 'vector_add', source: SOURCE, language: 'cuda' };
const WRONG: Outcome = {
  verdict: 'wrong_answer',
  case: 'small',
  stage: 'check',
  mismatch: {
    tensor: 'out',
    index: 3,
    expected: '0.5',
    actual: '0.75',
    mismatches: 2,
    elements: 7,
    relativeL2: '0.125',
    rule: 'element',
    error: '0.25',
    limit: '0.0015',
    largest: { index: 5, expected: '1', actual: '-3', error: '4' },
    near: [
      { index: 2, expected: '0.375', actual: '0.375' },
      { index: 4, expected: '0.625', actual: 'nan' },
    ],
  },
};
/** Of the list of tools, as bench/agents/mcp-bytes.ts prints them. */
const LIST_BYTES_MAX = 9_500;
/** Said in other words, or of no use to who reads. */
const UNSAID = new Set(['status', 'askedAt', 'updatedAt', 'bound', 'case', 'tensor', 'targets', 'device']);

let server: FakeServer;
let talk: McpTalk;
beforeEach(async () => {
  server = await serveFake();
  talk = await overHttp({ url: server.url, era: 'auto' });
});
afterEach(async () => {
  vi.useRealTimers();
  await talk.close();
  await server.stop();
});

/** What is submitted next ends so. */
const ends = (...outcomes: readonly Outcome[]): void => {
  const left = [...outcomes];
  server.kiln.onSubmit((id, { device }) => {
    // It has no host.
    if (device === 'A100') return;
    const outcome = left.shift() ?? passed(1.5);
    setImmediate(() => server.kiln.finish(id, outcome, outcome.verdict === 'passed' ? score(1.5) : undefined));
  });
};

const texts = (value: unknown, name = ''): readonly (readonly [string, string])[] => {
  if (typeof value === 'string') return [[name, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => texts(inner, Array.isArray(value) ? name : field));
};

const idOf = ({ data }: ToolAnswer): CandidateId => CandidateId.parse(data?.['id']);

/** Every call of every tool that this test makes, with its answer. */
const answersOfAll = async (): Promise<readonly { readonly tool: string; readonly answer: ToolAnswer }[]> => {
  const answers: { tool: string; answer: ToolAnswer }[] = [];
  const call = async (tool: string, args: Record<string, unknown> = {}): Promise<ToolAnswer> => {
    const answer = await talk.call(tool, args);
    answers.push({ tool, answer });
    return answer;
  };
  ends(
    passed(1.5),
    WRONG,
    { verdict: 'compile_error', log: 'x.cu:1: error: no' },
    { verdict: 'crashed', case: 'big', message: 'sank' },
  );
  const best = idOf(await call('submit_candidate', CANDIDATE));
  for (const more of ['// 1', '// 2', '// 3']) await call('submit_candidate', { ...CANDIDATE, source: `${SOURCE}${more}` });
  await call('submit_candidate', CANDIDATE);
  const other = idOf(await call('submit_candidate', { ...CANDIDATE, source: `${SOURCE}// 4`, params: { BLOCK: 128 } }));
  await call('explain_candidate', { id: best, source: true });
  await call('wait_for_verdict', { id: best });
  await call('trial', { id: best });
  await call('compare', { a: best, b: other });
  await call('diff', { a: best, b: other });
  await call('history', { problem: 'vector_add', id: best });
  await call('sweep', { id: best });
  await call('profile_candidate', { id: best, waitSeconds: 0 });
  await call('ranking', { problem: 'vector_add' });
  await call('list_problems');
  await call('get_problem', { problem: 'vector_add' });
  await call('get_seed', { problem: 'vector_add', seed: 'baseline.c' });
  await call('list_devices');
  await call('queue_status');
  const waiting = idOf(await call('submit_candidate', { ...CANDIDATE, device: 'A100' }));
  await call('cancel', { id: waiting });
  return answers;
};

describe('every tool', () => {
  test('says in words what its data says, made of the data alone, and leaves no words of the data out', async () => {
    const answers = await answersOfAll();
    expect(new Set(answers.map(({ tool }) => tool))).toEqual(new Set(TOOLS.map(({ name }) => name)));
    for (const { tool, answer } of answers) {
      expect(answer.isError, `${tool}: ${answer.text}`).toBe(false);
      expect(TOOLS.find(({ name }) => name === tool)?.text(answer.data), tool).toBe(answer.text);
      for (const [field, text] of texts(answer.data).filter(([name]) => !UNSAID.has(name)))
        expect(answer.text, `${tool}: ${field}`).toContain(text);
    }
  });

  test('tells an error in both', async () => {
    const refused = await talk.call('explain_candidate', { id: `c-${'0'.repeat(32)}` });
    expect(refused.isError).toBe(true);
    expect(refused.data).toEqual({ error: refused.text });
  });
});

describe('an answer about a candidate', () => {
  test('tells a wrong answer once: its shape, its position, its neighbours and what is furthest off, unfenced', async () => {
    ends(WRONG);
    const { data, text } = await talk.call('submit_candidate', CANDIDATE);
    expect(data).toMatchObject({
      failure: {
        case: 'small',
        shape: { n: 7 },
        position: [3],
        expected: '0.5',
        actual: '0.75',
        largest: { position: [5], error: '4' },
        near: [{ index: 2 }, { index: 4, actual: 'nan' }],
      },
    });
    expect(text).toContain('At case small (n=7), out[3]: expected 0.5, got 0.75');
    expect(text).toContain('Furthest off: out[5] (flat index 5): expected 1, got -3, off by 4');
    expect(text.split('0.0015')).toHaveLength(2);
    expect(text).not.toContain('made by a candidate');
  });

  test('says that a device class has no host at once, and that content is known', async () => {
    // No time passes: what is waited for does not come.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { data } = await talk.call('submit_candidate', { ...CANDIDATE, device: 'A100', waitSeconds: 40 });
    expect(data).toMatchObject({ status: 'queued', waiting: { reason: expect.any(String) as string } });
    const again = await talk.call('submit_candidate', { ...CANDIDATE, device: 'A100', waitSeconds: 0 });
    expect(again.data?.['duplicate']).toContain('known content: mcp submitted it at');
  });

  test('says whom it ties with, how its pair came out, and why it is not confirmed', async () => {
    ends();
    const record = await talk.call('submit_candidate', CANDIDATE);
    const id = CandidateId.parse(record.data?.['id']);
    server.kiln.onSubmit((next) => {
      const pair = { against: id, ratio: 1, ratioLow: 0.98, ratioHigh: 1.02, result: 'tied' } as const;
      server.kiln.finish(next, passed(1.4), { ...score(1.4), confirmed: false, pair });
    });
    const { data } = await talk.call('submit_candidate', { ...CANDIDATE, source: `${SOURCE} //` });
    expect(data).toMatchObject({
      standing: {
        place: 'place 2 of 2',
        pair: `paired with ${id}: 1.00x [0.98, 1.02], a tie`,
        confirmation: "not confirmed because its interval ends at 1.43x, below the record's 1.50x",
      },
    });
  });
});

describe('compare', () => {
  test('submits a trial of the first against the second, and the same again only when it is asked for', async () => {
    const asked: unknown[] = [];
    server.kiln.onSubmit((id, { trial, against, priority }) => {
      asked.push({ trial, against, priority });
      const pair = against && { against, ratio: 1.25, ratioLow: 1.2, ratioHigh: 1.3, result: 'won' as const };
      setImmediate(() => server.kiln.finish(id, passed(1.5), { ...score(1.5), pair: pair ?? null }));
    });
    const first = CandidateId.parse((await talk.call('submit_candidate', CANDIDATE)).data?.['id']);
    const second = CandidateId.parse(
      (await talk.call('submit_candidate', { ...CANDIDATE, source: `${SOURCE} //` })).data?.['id'],
    );
    const compared = await talk.call('compare', { a: first, b: second });
    expect(compared.data).toMatchObject({ paired: `paired with ${second}: 1.25x [1.20, 1.30], it is faster` });
    expect((await talk.call('compare', { a: first, b: second })).data?.['trial']).toBe(compared.data?.['trial']);
    expect((await talk.call('compare', { a: first, b: second, again: true })).data?.['trial']).not.toBe(compared.data?.['trial']);
    expect(asked.slice(2)).toEqual([
      { trial: 1, against: second, priority: 1 },
      { trial: 2, against: second, priority: 1 },
    ]);
  });
});

describe('prompts and resources', () => {
  test('are there for clients that offer them', async () => {
    const { prompts } = await talk.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['beat_the_record']);
    const { messages } = await talk.client.getPrompt({
      name: 'beat_the_record',
      arguments: { problem: 'vector_add', device: 'cpu' },
    });
    expect(JSON.stringify(messages)).toContain('vector_add');
    const { resourceTemplates } = await talk.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain('kiln://contract/{language}');
    const { contents } = await talk.client.readResource({ uri: 'kiln://problems/vector_add/c' });
    expect(JSON.stringify(contents)).toContain('Add two vectors');
  });
});

test('what a client reads before its first candidate stays small', async () => {
  const listed = await talk.client.listTools();
  expect(JSON.stringify(listed).length).toBeLessThan(LIST_BYTES_MAX);
});
