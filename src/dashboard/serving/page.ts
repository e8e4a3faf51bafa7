/** The one document of the dashboard, and the policy under which a browser runs it. */
import type { Assets } from './assets.ts';
import type { FirstAnswers } from './first-answers.ts';

/** Scripts, styles, images and answers come from this daemon alone, and none stands in the document. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * `module`: of the page that is shown first, whose file is named for the browser to ask for it at once. `first`: what that page would ask, as
 * data, which no browser runs.
 */
export const documentOf = (
  { base, entry, pages, styles, icon }: Omit<Assets, 'files'>,
  { module, first }: { readonly module: string; readonly first: FirstAnswers | null },
): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Kiln</title>
<link rel="icon" href="${base}${icon}" type="image/svg+xml">
<link rel="stylesheet" href="${base}${styles}">
<script type="module" src="${base}${entry}"></script>
<link rel="modulepreload" href="${base}${pages.get(module) ?? entry}">
</head>
<body>
<div id="app"><p class="starting">Kiln</p></div>
<noscript>The dashboard needs JavaScript. Without it: the command line (kiln --help) and the API (/docs).</noscript>
${first === null ? '' : `<script type="application/json" id="first">${asData(first)}</script>\n`}</body>
</html>
`;

/** Whatever stands in an answer stays inside the element. */
const asData = (value: unknown): string => JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
