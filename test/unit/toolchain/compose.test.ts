import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { VARIABLES } from '../../../src/config/environment.ts';
import { loadKilnConfig } from '../../../src/config/kiln-config.ts';

const Service = z.object({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })).default({}),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }),
});
const Compose = z.object({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.null()) });

const compose = Compose.parse(parse(readFileSync('docker-compose.yml', 'utf8')));
const dockerfile = readFileSync('Dockerfile', 'utf8');
const names = Object.keys(compose.services);
const service = (name: string): z.infer<typeof Service> => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

/** As Compose would fill them in; the dollar signs of messages are left alone. */
const substitute = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/gu, (_, name: string) => values[name] ?? '');
const secrets = { KILN_TOKEN: 't'.repeat(32), KILN_POSTGRES_PASSWORD: 'p'.repeat(32) };
const daemonEnvironment = Object.fromEntries(
  Object.entries(service('daemon').environment).map(([name, value]) => [name, substitute(value, secrets)]),
);

describe('docker-compose.yml', () => {
  test('brings Redis, Postgres and the daemon', () => {
    expect(names).toEqual(['redis', 'postgres', 'daemon']);
    expect(service('redis').image).toMatch(/^redis:7/u);
    expect(service('postgres').image).toMatch(/^postgres:17/u);
    expect(service('daemon').build).toBe('.');
  });

  test('gives the daemon a configuration that it accepts, and nothing it would ignore', () => {
    const config = loadKilnConfig({ root: process.cwd(), env: daemonEnvironment });
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 7070, token: secrets.KILN_TOKEN });
    expect(config.store).toEqual({
      backend: 'postgres',
      url: `postgres://kiln:${secrets.KILN_POSTGRES_PASSWORD}@postgres:5432/kiln`,
    });
    expect(config.queue).toMatchObject({ backend: 'redis', url: 'redis://redis:6379' });
    const known = new Set([...Object.keys(VARIABLES), 'KILN_REDIS_URL', 'KILN_POSTGRES_URL']);
    expect(Object.keys(daemonEnvironment).filter((name) => !known.has(name))).toEqual([]);
  });

  test('asks for every secret instead of bringing one', () => {
    const text = readFileSync('docker-compose.yml', 'utf8');
    expect(text).toContain('${KILN_TOKEN:?');
    expect(text).toContain('${KILN_POSTGRES_PASSWORD:?');
  });

  test('is reachable from this machine alone', () => {
    expect(service('daemon').ports).toEqual(['127.0.0.1:7070:7070']);
    expect([...service('redis').ports, ...service('postgres').ports]).toEqual([]);
  });

  test('starts the daemon once what it needs is healthy', () => {
    expect(Object.keys(service('daemon').depends_on)).toEqual(['redis', 'postgres']);
    const check = service('daemon').healthcheck.test.join(' ');
    expect(check).toContain(`127.0.0.1:${daemonEnvironment['KILN_PORT']}/healthz`);
  });

  test('keeps the data of each service in a declared volume', () => {
    const mounts = names.flatMap((name) => service(name).volumes);
    const named = mounts.filter((mount) => !mount.startsWith('.')).map((mount) => mount.split(':')[0]);
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
    expect(service('daemon').volumes).toContain(`daemon-data:${daemonEnvironment['KILN_DATA_DIR']}`);
    expect(service('redis').command).toEqual(expect.arrayContaining(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction']));
  });

  test('mounts only folders that are there', () => {
    const folders = service('daemon').volumes.filter((mount) => mount.startsWith('./'));
    expect(folders.filter((mount) => !existsSync(mount.split(':')[0] ?? ''))).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  test('copies only what is there and what .dockerignore lets in', () => {
    const letIn = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gmu)].flatMap(([, files]) => (files ?? '').split(' '));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((file) => !existsSync(file) || !letIn.includes(file))).toEqual([]);
  });

  test('runs the Node that the launcher fetches, without root, on the port that Compose maps', () => {
    const wanted = /NODE_VERSION=(\d+)/u.exec(readFileSync('kiln', 'utf8'))?.[1];
    expect([...dockerfile.matchAll(/^FROM node:(\d+)/gmu)].map(([, major]) => major)).toEqual([wanted, wanted]);
    expect(dockerfile).toMatch(/^USER node$/mu);
    expect(dockerfile).toMatch(/^EXPOSE 7070$/mu);
  });
});
