import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { mayAs, ROLES, type Role } from '../../../src/domain/access/role.ts';
import { ENDPOINTS } from '../../../src/domain/api/endpoints.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { operationAccess, OPERATIONS } from '../../../src/domain/api/roles.ts';
import { containing } from '../../support/server/containing.ts';
import { overHttp } from '../../support/server/mcp-client.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const TOKEN = 'a-token-for-the-tests';
const SOURCE = '/* kiln\nparams: {BLOCK: 1}\nlaunch:\n  - {kernel: add, args: [a, b, out, n]}\n*/\n';
const WHOLE = '0123456789abcdef';

let server: FakeServer;
let admin: KilnClient;
beforeEach(async () => {
  server = await serveFake({ config: { token: TOKEN, port: 7070 } });
  admin = createClient({ url: server.url, token: TOKEN });
});
afterEach(() => server.stop());

const tokenOf = async (role: Role, name: string = role, more: { readonly anySubmitter?: boolean } = {}): Promise<string> =>
  (await admin.createToken({ name, role, ...more })).token;
const as = async (role: Role, name: string = role, more: { readonly anySubmitter?: boolean } = {}): Promise<KilnClient> =>
  createClient({ url: server.url, token: await tokenOf(role, name, more) });
const candidate = (submitter?: string, trial = 0) =>
  ({
    problem: 'vector_add',
    language: 'cuda',
    source: SOURCE,
    trial,
    ...(submitter === undefined ? {} : { submitter }),
  }) as const;
const submitted = async (client: KilnClient, submitter?: string, trial = 0): Promise<string> =>
  (await client.submit([candidate(submitter, trial)])).candidates[0]?.id ?? '';

interface Operation {
  readonly method: string;
  readonly url: string;
  readonly schema: { readonly operationId: string };
}
const resources: readonly Record<string, Operation>[] = Object.values(ENDPOINTS);
const operations: readonly Operation[] = resources.flatMap((resource) => Object.values(resource));

const PARAMS: Readonly<Record<string, string>> = {
  id: `c-${WHOLE}${WHOLE}`,
  name: 'vector_add',
  host: 'box',
  job: 'j-0123456789ab',
  execution: `x-${WHOLE}${WHOLE}`,
  share: `l-${WHOLE}`,
  token: `t-${WHOLE}`,
};

const statusOf = async ({ method, url }: Operation, token: string): Promise<readonly [number, string]> => {
  const ending = new AbortController();
  const path = url.replaceAll(/:(\w+)/gu, (_match, name: string) => PARAMS[name] ?? name);
  const body = method === 'POST' ? { body: '{}' } : {};
  const headers = { authorization: `Bearer ${token}`, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) };
  const answer = await fetch(`${server.url}${path}`, { method, headers, signal: ending.signal, ...body });
  // Streams go on.
  const text = answer.ok ? '' : await answer.text();
  ending.abort();
  return [answer.status, text];
};

describe('every operation of the API', () => {
  test('has a role, and every role is of an operation', () => {
    expect(operations.map(({ schema }) => schema.operationId).toSorted()).toEqual([...OPERATIONS.keys()].toSorted());
  });

  test.each(ROLES)('is refused to the role %s, or is not, as the list says', async (role) => {
    const token = await tokenOf(role);
    for (const operation of operations) {
      const { operationId } = operation.schema;
      const [status, text] = await statusOf(operation, token);
      const isRefused = status === 403 && text.includes('needs the role');
      expect([operationId, isRefused]).toEqual([operationId, !mayAs(role, operationAccess(operationId).role)]);
      expect([operationId, status]).not.toEqual([operationId, 401]);
    }
  });

  test('that changes something is in the audit list, or is told elsewhere', () => {
    const changing = operations.filter(({ method }) => method !== 'GET').map(({ schema }) => schema.operationId);
    expect(changing.filter((name) => !operationAccess(name).audited).toSorted()).toEqual([
      // Change nothing.
      'checkPlan',
      'checkProblem',
      // In the journal, as all that is read on hosts.
      'getFileStates',
      'listFiles',
      // The profile and the candidate say who asked, and for what.
      'profileCandidate',
      'readFiles',
      // Its execution is in the list.
      'sendInput',
      'submitCandidates',
    ]);
  });

  test('and every page, image and document is for those who may look', async () => {
    const token = await tokenOf('read');
    for (const url of ['/', '/fleet', '/docs', '/openapi.json', '/images/problems/vector_add/badge.svg', '/sign-in']) {
      expect([url, (await statusOf({ method: 'GET', url, schema: { operationId: '' } }, token))[0]]).toEqual([url, 200]);
    }
    expect((await statusOf({ method: 'GET', url: '/nothing', schema: { operationId: '' } }, token))[0]).toBe(404);
  });
});

describe('who submits', () => {
  test('comes from the token: nobody submits for another', async () => {
    const ada = await as('submit', 'ada');
    const id = await submitted(ada);
    expect((await admin.candidate(id)).submission.submitter).toBe('ada');
    expect(await submitted(ada, 'ada')).toBe(id);
    await expect(submitted(ada, 'bob')).rejects.toMatchObject({ code: 'FORBIDDEN', message: containing('submits as ada') });
    await expect(ada.createSweep({ candidate: candidate('bob'), space: { BLOCK: [1, 2] } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(
      ada.createCampaign({
        problems: ['vector_add'],
        generators: [{ name: 'evolve' }],
        budget: { candidates: 4 },
        submitter: 'bob',
      }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('may be another for an admin, and for a token that is for many', async () => {
    const [boss, many] = [await as('admin', 'boss'), await as('submit', 'proxy', { anySubmitter: true })];
    const [one, two, own] = [
      await submitted(boss, 'bob', 1),
      await submitted(many, 'eve', 2),
      await submitted(boss, undefined, 3),
    ];
    const names = await Promise.all([one, two, own].map(async (id) => (await admin.candidate(id)).submission.submitter));
    expect(names).toEqual(['bob', 'eve', 'boss']);
  });
});

describe('what others submitted', () => {
  test('is cancelled, paused and judged again by an admin alone', async () => {
    const [ada, bob] = [await as('submit', 'ada'), await as('submit', 'bob')];
    const [hers, his] = [await submitted(ada, undefined, 1), await submitted(bob, undefined, 2)];
    await expect(ada.cancel(his)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    for (const select of [{ ids: [his] }, { ids: [hers, his] }, { submitter: 'bob' }, { all: true as const }]) {
      await expect(ada.pause({ select })).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: containing('nothing was changed'),
      });
    }
    expect((await admin.candidate(his)).paused).toBeNull();
    expect((await ada.pause({ select: { ids: [hers] } })).changed).toBe(1);
    expect((await ada.cancel(hers)).id).toBe(hers);
    expect((await admin.cancel(his)).id).toBe(his);
  });

  test('a sweep and a campaign of another are left alone too', async () => {
    const [ada, bob] = [await as('submit', 'ada'), await as('submit', 'bob')];
    const sweep = await bob.createSweep({ candidate: candidate(), space: { BLOCK: [1, 2] } });
    const campaign = await bob.createCampaign({
      problems: ['vector_add'],
      generators: [{ name: 'evolve' }],
      budget: { candidates: 4 },
    });
    expect([sweep.submitter, campaign.submitter]).toEqual(['bob', 'bob']);
    await expect(ada.cancelSweep(sweep.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(ada.stopCampaign(campaign.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await bob.stopCampaign(campaign.id)).status).toBe('stopped');
    expect((await bob.cancelSweep(sweep.id)).status).toBe('cancelled');
  });
});

describe('by MCP', () => {
  test('a token looks or submits as it may, and submits as itself', async () => {
    const [reader, ada] = [await tokenOf('read'), await tokenOf('submit', 'ada')];
    const args = { problem: 'vector_add', language: 'cuda', source: SOURCE, waitSeconds: 0 };
    const reading = await overHttp({ url: server.url, token: reader });
    const refused = await reading.call('submit_candidate', args);
    expect([refused.isError, refused.text]).toEqual([true, containing('FORBIDDEN')]);
    expect((await reading.call('list_problems')).text).toContain('vector_add');
    await reading.close();
    const writing = await overHttp({ url: server.url, token: ada });
    expect((await writing.call('submit_candidate', args)).isError).toBe(false);
    await writing.close();
    expect((await admin.candidates()).candidates.map(({ submission }) => submission.submitter)).toEqual(['ada']);
  });
});

describe('without a configured token', () => {
  test("this machine's programs are the operator, unless they come with a named one", async () => {
    await server.stop();
    server = await serveFake();
    const operator = createClient({ url: server.url });
    expect((await operator.access()).role).toBe('admin');
    const { token } = await operator.createToken({ name: 'ada', role: 'read' });
    const ada = createClient({ url: server.url, token });
    expect((await ada.access()).role).toBe('read');
    await expect(ada.refreshHosts()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await operator.revokeToken('ada');
    await expect(ada.queue()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

describe('share links', () => {
  test('are made by those who submit, and ended by who made them or an admin', async () => {
    const [reader, ada, bob] = [await as('read'), await as('submit', 'ada'), await as('submit', 'bob')];
    const page = { page: '/problems/vector_add' };
    await expect(reader.createShare(page)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { id, createdBy } = await ada.createShare(page);
    expect(createdBy).toBe('ada');
    const counts = await Promise.all([admin, ada, bob].map(async (client) => (await client.shares()).shares.length));
    expect(counts).toEqual([1, 1, 0]);
    await expect(bob.revokeShare(id)).rejects.toMatchObject({ code: 'FORBIDDEN', message: containing('made by ada') });
    expect((await ada.revokeShare(id)).revokedAt).not.toBeNull();
  });
});

describe('submitters', () => {
  test('are given weights and limits by admins, and everybody sees them', async () => {
    const ada = await as('submit', 'ada');
    await expect(ada.setSubmitter('ada', { weight: 9 })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await admin.setSubmitter('ada', { weight: 2, queuedMax: 5 })).toMatchObject({
      weight: 2,
      queuedMax: 5,
      by: 'operator',
    });
    expect((await ada.submitters()).submitters).toMatchObject([{ submitter: 'ada', weight: 2 }]);
    expect(await admin.clearSubmitter('ada')).toMatchObject({ weight: 1, queuedMax: null });
    await expect(admin.setSubmitter('ada', {})).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('who have as many candidates as they may are told when to come back', async () => {
    const details = { retrySeconds: 42 };
    server.kiln.failNext('submit', new KilnError('TOO_MANY_QUEUED', 'too many', { details }));
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/v1/candidates`, { method: 'POST', headers, body: JSON.stringify(candidate()) });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '42']);
  });
});
