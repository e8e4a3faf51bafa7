/**
 * What the dashboard consists of, as it is sent. Addresses hold a hash of everything together, so a browser may keep each answer for good,
 * and a daemon of another version has other addresses.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { linkModules, type LinkedFile, type LinkedModules } from './link-modules.ts';
import { readModuleGraph } from './module-graph.ts';

const BROWSER = join(import.meta.dirname, '../browser');
const ICON = 'icon.svg';
const STYLES = 'styles.css';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const JSON_TEXT = 'application/json; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SVG = 'image/svg+xml';
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
  /** Paths under the base: of what every page needs, and of each page's own by the path of its module. */
  readonly entry: string;
  readonly pages: ReadonlyMap<string, string>;
  readonly styles: string;
  readonly icon: string;
}

interface Read extends LinkedModules {
  readonly styles: string;
  readonly icon: string;
}

/** Read and linked, as data: a worker hands it over. */
export interface Sources extends Read {
  readonly hash: string;
}

/** Takes most of a second of a processor. */
export const readSources = (): Sources => {
  const read = { ...linkModules(readModuleGraph()), styles: stylesText(), icon: readFileSync(join(BROWSER, ICON), 'utf8') };
  const hash = createHash('sha256');
  for (const [path, { text }] of filesOf(read)) hash.update(`${path}\0${text}\0`);
  return { ...read, hash: hash.digest('hex') };
};

const filesOf = ({ entry, pages, styles, icon }: Read): ReadonlyMap<string, Asset> =>
  new Map([
    ...[entry, ...pages.values()].flatMap(scriptAssets),
    [STYLES, createAsset(styles, CSS)],
    [ICON, createAsset(icon, SVG)],
  ]);

export const assetsOf = (sources: Sources): Assets => {
  const { entry, pages, hash } = sources;
  return {
    base: `/assets/${hash.slice(0, 16)}/`,
    files: filesOf(sources),
    entry: entry.path,
    pages: new Map([...pages].map(([module, { path }]) => [module, path])),
    styles: STYLES,
    icon: ICON,
  };
};

const scriptAssets = ({ path, code, map }: LinkedFile): readonly (readonly [string, Asset])[] => [
  [path, createAsset(code, JAVASCRIPT)],
  [`${path}.map`, createAsset(map, JSON_TEXT)],
];

/** In the order of their names: what is more special comes later. */
const stylesText = (): string =>
  globSync('styles/*.css', { cwd: BROWSER })
    .toSorted()
    .map((path) => readFileSync(join(BROWSER, path), 'utf8'))
    .join('');

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
