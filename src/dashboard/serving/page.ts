/** The one document of the dashboard, and the policy under which a browser runs it. */
import { createHash } from 'node:crypto';
import type { Assets } from './assets.ts';
import { neededBy } from './module-graph.ts';

export interface Page {
  readonly html: string;
  readonly policy: string;
}

/**
 * Scripts, styles, images and answers come from this daemon alone; the one inline script is the import map, by its hash. `module`: of the page
 * that is shown first, whose code is named for the browser to ask for all of it at once.
 */
export const createPage = ({ base, graph, styles, icon }: Assets, module: string): Page => {
  const imports = Object.fromEntries(Object.entries(graph.packages).map(([name, path]) => [name, `${base}${path}`]));
  const importMap = JSON.stringify({ imports });
  return { html: documentOf({ base, graph, styles, icon }, importMap, module), policy: policyFor(importMap) };
};

const policyFor = (importMap: string): string =>
  [
    "default-src 'none'",
    `script-src 'self' 'sha256-${createHash('sha256').update(importMap).digest('base64')}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');

const documentOf = (
  { base, graph, styles, icon }: Omit<Assets, 'files'>,
  importMap: string,
  module: string,
): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Kiln</title>
<link rel="icon" href="${base}${icon}" type="image/svg+xml">
${styles.map((path) => `<link rel="stylesheet" href="${base}${path}">`).join('\n')}
<script type="importmap">${importMap}</script>
${neededBy(graph, [graph.entry, module])
  .map(({ path }) => `<link rel="modulepreload" href="${base}${path}">`)
  .join('\n')}
<script type="module" src="${base}${graph.entry}"></script>
</head>
<body>
<div id="app"><p class="starting">Kiln</p></div>
<noscript>The dashboard needs JavaScript. Without it: the command line (kiln --help) and the API (/docs).</noscript>
</body>
</html>
`;
