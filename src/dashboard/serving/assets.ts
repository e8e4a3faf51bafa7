/**
 * What the dashboard consists of, as it is sent. Addresses hold a hash of everything together, so a browser may keep each answer for good,
 * and a daemon of another version has other addresses.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type ModuleGraph, readModuleGraph } from './module-graph.ts';

const BROWSER = join(import.meta.dirname, '../browser');
const ICON = 'icon.svg';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = { css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
/** Quality of brotli: above it, time doubles for a percent. */
const QUALITY = 9;

export type Encoding = 'br' | 'gzip' | 'identity';

export interface Asset {
  readonly contentType: string;
  readonly text: string;
  /** Compressed at the first request, then kept. */
  encoded(encoding: Encoding): Promise<Buffer>;
}

export interface Assets {
  /** "/assets/3f2a…/" */
  readonly base: string;
  readonly files: ReadonlyMap<string, Asset>;
  readonly graph: ModuleGraph;
  readonly styles: readonly string[];
  readonly icon: string;
}

export const loadAssets = (): Assets => {
  const graph = readModuleGraph();
  const styles = globSync('styles/*.css', { cwd: BROWSER }).toSorted();
  const others = [...styles, ICON].map((path) => ({ path, text: readFileSync(join(BROWSER, path), 'utf8') }));
  const files = new Map<string, Asset>([
    ...graph.modules.map(({ path, code }) => [path, createAsset(code, JAVASCRIPT)] as const),
    ...others.map(({ path, text }) => [path, createAsset(text, TYPES[path.split('.').at(-1) ?? ''] ?? 'text/plain')] as const),
  ]);
  const hash = createHash('sha256');
  for (const [path, { text }] of files) hash.update(`${path}\0${text}\0`);
  return { base: `/assets/${hash.digest('hex').slice(0, 16)}/`, files, graph, styles, icon: ICON };
};

export const createAsset = (text: string, contentType: string): Asset => {
  const kept = new Map<Encoding, Promise<Buffer>>();
  return {
    contentType,
    text,
    encoded: (encoding) => {
      const answer = kept.get(encoding) ?? encode(text, encoding);
      kept.set(encoding, answer);
      return answer;
    },
  };
};

const encode = async (text: string, encoding: Encoding): Promise<Buffer> => {
  const bytes = Buffer.from(text);
  if (encoding === 'br') return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } });
  return encoding === 'gzip' ? promisify(gzip)(bytes) : bytes;
};

/** The best encoding that a browser takes. */
export const encodingFor = (acceptEncoding: string | undefined): Encoding => {
  const accepted = (acceptEncoding ?? '').split(',').map((part) => part.split(';', 1)[0]?.trim());
  if (accepted.includes('br')) return 'br';
  return accepted.includes('gzip') ? 'gzip' : 'identity';
};
