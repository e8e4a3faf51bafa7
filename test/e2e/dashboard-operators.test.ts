/** What operators do on the dashboard, and what it offers to each role: in a real Chromium, over a daemon that judges on the cpu device. */
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../src/client/create-client.ts';
import { CHROMIUM, openBrowser } from '../support/chromium.ts';
import { kilnFolder, type KilnFolder, type KilnProcess, startKiln, untilDone } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const TOKEN = 'a-token-for-this-test-alone';
const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] } };
const SEED = readFileSync('kernels/vector_add/seeds/1-restrict.c', 'utf8');

let folder: KilnFolder;
let kiln: KilnProcess;
let client: KilnClient;
let browser: Browser;
let page: Page;
const ids = { passed: '' };
const complaints: string[] = [];

/** In a context of its own, which no other page's session reaches. */
const signIn = async (token: string, next: string): Promise<Page> => {
  const visit = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  visit.setDefaultTimeout(HANG_MS);
  visit.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  await visit.goto(`${kiln.url}/sign-in?next=${next}`);
  await visit.getByLabel('Token of this daemon').fill(token);
  await visit.getByRole('button', { name: 'Sign in' }).click();
  return visit;
};

/** What a person who cannot see or use a mouse would stumble over. */
const obstacles = async (): Promise<readonly string[]> => {
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    `axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`,
  );
};

describe.skipIf(CHROMIUM === null)('the dashboard of those who operate (skipped where no Chromium is installed)', () => {
  beforeAll(async () => {
    folder = kilnFolder(FLEET, { KILN_TOKEN: TOKEN, KILN_LOG_LEVEL: 'warn' });
    [kiln, browser] = await Promise.all([startKiln(folder), openBrowser()]);
    client = createClient({ url: kiln.url, token: TOKEN });
    const { candidates } = await client.submit([
      { problem: 'vector_add', language: 'c', device: 'cpu', source: SEED, submitter: 'somebody' },
    ]);
    ids.passed = candidates[0]?.id ?? '';
    await untilDone(client, new Set([ids.passed]));
    page = await signIn(TOKEN, '/fleet');
  });
  afterAll(async () => {
    await browser.close();
    await kiln.stop();
    folder.remove();
  });

  test('takes a host and a device from work and back, with a reason, and says what becomes of what runs', async () => {
    const { hosts } = await client.fleet();
    const device = hosts[0]?.devices[0]?.id ?? '';
    for (const name of ['local', `local/${device}`]) {
      await page.goto(`${kiln.url}/fleet`);
      await page.locator('summary', { hasText: 'Take from work' }).first().waitFor();
      await page.getByLabel(`Take from work: ${name}`, { exact: true }).click();
      await page.getByText('No other device of cpu takes work').waitFor();
      await page.getByRole('button', { name: 'Drain', exact: true }).click();
      expect(await page.getByRole('button', { name: `Drain ${name}` }).count()).toBe(0);
      await page.getByLabel('Why').fill('new <b>cable</b>');
      expect(await obstacles()).toEqual([]);
      await page.getByRole('button', { name: `Drain ${name}`, exact: true }).click();
      await page.locator('.hosts .notice', { hasText: 'draining since' }).filter({ hasText: 'new <b>cable</b>' }).waitFor();
      expect(await obstacles()).toEqual([]);
      const { hosts: held } = await client.fleet();
      expect(held[0]?.devices[0]?.hold).toMatchObject({ state: 'draining', reason: 'new <b>cable</b>' });
      await page.getByLabel(`Resume ${name}`, { exact: true }).click();
      await page.getByLabel('Why').fill('it is in');
      await page.getByRole('button', { name: `Resume ${name}`, exact: true }).click();
      await page.getByLabel(`Take from work: ${name}`, { exact: true }).waitFor();
      expect((await client.fleet()).hosts[0]?.devices[0]?.hold).toBeNull();
    }
    expect(complaints).toEqual([]);
  });

  test('says what went wrong where a host cannot be taken from work', async () => {
    await page.goto(`${kiln.url}/fleet`);
    await page.route('**/v1/hosts/local/hold', (route) =>
      route.fulfill({ status: 503, json: { code: 'STOPPING', message: 'the daemon is stopping', requestId: 'r' } }),
    );
    await page.getByLabel('Take from work: local', { exact: true }).click();
    await page.getByLabel('Why').fill('a reason');
    await page.getByRole('button', { name: 'Cordon local', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'the daemon is stopping' }).waitFor();
    expect((await client.fleet()).hosts[0]?.hold).toBeNull();
    await page.unroute('**/v1/hosts/local/hold');
  });

  test.each(['read', 'submit'] as const)('offers to the role %s what it may do, and nothing else', async (role) => {
    const { token } = await client.createToken({ name: `a-${role}`, role });
    const visit = await signIn(token, '/fleet');
    await visit.getByLabel(`Signed in as a-${role}, role ${role}`).waitFor();
    await visit.locator('.device').first().waitFor();
    expect(await visit.locator('main').getByText('Take from work').count()).toBe(0);
    expect(await visit.locator('main button', { hasText: 'again' }).count()).toBe(0);
    await visit.goto(`${kiln.url}/candidates/${ids.passed}`);
    await visit.getByLabel(`Signed in as a-${role}, role ${role}`).waitFor();
    await visit.getByRole('link', { name: 'vector_add' }).first().waitFor();
    const offered = await visit.locator('main summary').allInnerTexts();
    expect([role, offered.includes('Judge again'), offered.includes('Share')]).toEqual([
      role,
      role === 'submit',
      role === 'submit',
    ]);
    expect(await visit.getByText('Or take the verdict back').count()).toBe(0);
    await visit.goto(`${kiln.url}/submit`);
    await visit.getByLabel(`Signed in as a-${role}, role ${role}`).waitFor();
    expect(await visit.getByLabel('Submitter').count()).toBe(0);
    await visit.getByText('may look, and not submit').waitFor({ state: role === 'read' ? 'visible' : 'detached' });
    await client.revokeToken(`a-${role}`);
    await visit.reload();
    await visit.getByLabel('Token of this daemon').waitFor();
    await visit.context().close();
  });
});
