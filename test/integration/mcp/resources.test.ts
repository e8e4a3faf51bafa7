import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type McpTalk, overHttp } from '../../support/server/mcp-client.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

let server: FakeServer;
let talk: McpTalk;
beforeEach(async () => {
  server = await serveFake();
  talk = await overHttp({ url: server.url });
});
afterEach(async () => {
  await talk.close();
  await server.stop();
});

/** What a client is told where nothing comes. */
const refusalOf = async (uri: string): Promise<string> =>
  talk.client.readResource({ uri }).then(
    () => 'it was answered',
    (error: unknown) => String(error),
  );

describe('a resource', () => {
  test('is found by a name that the address has to encode', async () => {
    const { contents } = await talk.client.readResource({ uri: 'kiln://problems/vector%5Fadd/c' });
    expect(JSON.stringify(contents)).toContain('Add two vectors');
  });

  test.each([
    ['kiln://contract/rust', /INVALID_REQUEST: language: "rust" is none of cuda, triton, c, python/],
    ['kiln://problems/vector_add/rust', /INVALID_REQUEST: language: "rust" is none of cuda, triton, c, python/],
    ['kiln://problems/nothing/c', /NOT_FOUND: .*nothing/],
    ['kiln://problems/%zz/c', /NOT_FOUND: .*%zz/],
  ])('that is not there is refused as tools refuse: %s', async (uri, message) => {
    expect(await refusalOf(uri)).toMatch(message);
  });

  test('that cannot be read tells nothing of what the daemon knows', async () => {
    server.kiln.problem = () => {
      throw new Error('password=hunter2 at /srv/kiln.ts');
    };
    const refusal = await refusalOf('kiln://problems/vector_add/c');
    expect(refusal).toContain('INTERNAL: the daemon could not answer');
    expect(refusal).not.toContain('hunter2');
  });
});
