import { afterAll, beforeAll, expect, test } from 'vitest';
import { ErrorBody } from '../../src/domain/api/errors.ts';
import { addition } from '../support/addition.ts';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln } from '../support/kiln-process.ts';
import { HOSTILE_ARGUMENTS, type HostileRequest, hostileRequests } from '../support/server/hostile-requests.ts';
import { overHttp } from '../support/server/mcp-client.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
/** What starts processes on a host, or asks all of it again, is another suite's: each takes seconds. */
const ELSEWHERE: ReadonlySet<string> = new Set(['execOnHost', 'runJob', 'refreshHost', 'refreshFleet', 'reloadProblems']);
const AT_ONCE = 8;

let folder: KilnFolder;
let kiln: KilnProcess;
/** Of things that are there: the store is asked only for those. */
let known: { readonly candidates: string; readonly sweeps: string; readonly campaigns: string };

beforeAll(async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '1' });
  kiln = await startKiln(folder);
  const candidate = { problem: 'vector_add', device: 'simulated', source: addition(0), language: 'cuda' } as const;
  const [submitted] = (await kiln.client.submit([candidate])).candidates;
  const sweep = await kiln.client.createSweep({ candidate, space: { INDEX: [1, 2] } });
  const campaign = await kiln.client.createCampaign({
    problems: ['vector_add'],
    devices: ['simulated'],
    budget: { candidates: 1 },
  });
  known = { candidates: submitted?.id ?? '', sweeps: sweep.id, campaigns: campaign.id };
});
afterAll(async () => {
  await kiln.stop();
  folder.remove();
});

const valueOf = (path: string, parameter: string): string | undefined => {
  if (parameter === 'name') return 'vector_add';
  if (parameter === 'host') return 'simulated';
  const [, , folderOf = ''] = path.split('/');
  return parameter === 'id' ? known[folderOf as keyof typeof known] : undefined;
};

/** What is wrong with the answer; null where it is one that a caller can go by. */
const complaintOf = async ({ method, path, body }: HostileRequest): Promise<string | null> => {
  const headers = body === null ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${kiln.url}${path}`, { method, headers, body });
  const isStream = (response.headers.get('content-type') ?? '').includes('event-stream');
  const text = isStream ? '' : await response.text();
  if (isStream) await response.body?.cancel();
  const shown = `${method} ${path.slice(0, 160)} ${(body ?? '').slice(0, 160)}: ${response.status} ${text.slice(0, 200)}`;
  if (response.status >= 500) return shown;
  if (response.status < 400) return null;
  return ErrorBody.parse(JSON.parse(text)).message.includes('could not be read')
    ? `says nothing of what is wrong: ${shown}`
    : null;
};

test('no value of any field of the API makes the daemon fail: what it cannot take is refused in words', async () => {
  const document: unknown = await (await fetch(`${kiln.url}/openapi.json`)).json();
  const requests = hostileRequests(document, valueOf).filter(({ operation }) => !ELSEWHERE.has(operation));
  expect(requests.length).toBeGreaterThan(2000);
  const waiting = requests.values();
  const complaints: string[] = [];
  const callOn = async (): Promise<void> => {
    for (const request of waiting) {
      const complaint = await complaintOf(request);
      if (complaint !== null) complaints.push(complaint);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, callOn));
  expect(complaints).toEqual([]);
});

test('no argument of any tool makes the daemon fail, and each refusal is an answer that a model can read', async () => {
  const talk = await overHttp({ url: kiln.url, era: 'auto' });
  const { tools } = await talk.client.listTools();
  const good = {
    id: known.candidates,
    a: known.candidates,
    b: known.candidates,
    problem: 'vector_add',
    source: addition(0),
    language: 'cuda',
    device: 'simulated',
  };
  const complaints: string[] = [];
  for (const { name, inputSchema } of tools) {
    const fields = Object.keys(inputSchema.properties ?? {});
    const given = Object.fromEntries(Object.entries(good).filter(([field]) => fields.includes(field)));
    const waits = fields.includes('waitSeconds') ? { waitSeconds: 0 } : {};
    for (const field of fields)
      for (const value of HOSTILE_ARGUMENTS) {
        const { text } = await talk.call(name, { ...given, ...waits, [field]: value });
        if (/^(?:INTERNAL|STORE_UNAVAILABLE)/u.test(text))
          complaints.push(`${name} ${field}=${JSON.stringify(value).slice(0, 80)}: ${text}`);
      }
  }
  await talk.close();
  expect(complaints).toEqual([]);
});
