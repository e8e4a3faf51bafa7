import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ENDPOINTS } from '../../../src/domain/api/endpoints.ts';
import { serveFake } from '../../support/server/serve-fake.ts';

interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  components: { schemas: Record<string, unknown> };
}

const fetchDocument = async (): Promise<OpenApi> => {
  const server = await serveFake();
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;
  await server.stop();
  return document;
};

interface Documented {
  method: string;
  url: string;
  operationId: string;
}
const resources: readonly Record<string, { method: string; url: string; schema: { operationId: string } }>[] =
  Object.values(ENDPOINTS);
const all: readonly Documented[] = resources.flatMap((resource) =>
  Object.values(resource).map(({ method, url, schema }) => ({ method, url, operationId: schema.operationId })),
);

const sorted = (list: readonly Documented[]) => list.toSorted((a, b) => a.operationId.localeCompare(b.operationId));

describe('the OpenAPI document', () => {
  test('has every contract under its method and path, and nothing else', async () => {
    const { paths } = await fetchDocument();
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        method: method.toUpperCase(),
        url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
        operationId,
      })),
    );
    expect(sorted(documented)).toEqual(sorted(all));
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  test('refers only to schemas that it holds', async () => {
    const document = await fetchDocument();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name ?? '',
    );
    expect(references.length).toBeGreaterThan(20);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
  });

  test('tells the failures of every operation that can fail', async () => {
    const { paths } = await fetchDocument();
    const silent = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ responses }) => ('200' in responses && '4XX' in responses ? [] : [path])),
    );
    expect(silent).toEqual(['/healthz']);
  });

  // npm run openapi writes the file anew.
  test('is the one in docs/openapi.json', async () => {
    const document = await fetchDocument();
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../../docs/openapi.json');
    expect(readFileSync('docs/openapi.json', 'utf8')).toContain('"openapi": "3.1.0"');
  });

  test('has a page at /docs', async () => {
    const server = await serveFake();
    const page = await fetch(`${server.url}/docs`);
    const text = await page.text();
    await server.stop();
    expect(page.status).toBe(200);
    expect(text).toContain('swagger-ui');
  });
});
