/** The page to sign in: one document without scripts, fonts, images or anything else that is fetched. */
import { createHash } from 'node:crypto';
import type { Principal } from '../../domain/access/principal.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 15vh auto 0; padding: 0 1rem; }
h1 { font-size: 1.25rem; }
label { display: block; margin-bottom: .25rem; }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; }
button { margin-top: .75rem; padding: .5rem 1rem; font: inherit; }
.problem { border-left: 3px solid #c33; padding-left: .75rem; }
.hint { color: GrayText; font-size: .875rem; }
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** `form-action` is left out: a redirect after the form would be held against it. The page holds one form, to its own path. */
export const SIGN_IN_POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; base-uri 'none'; frame-ancestors 'none'`;

/** `next` is a path of this server; `problem` says why the last try did not work. */
export const signInPage = ({ next, problem }: { readonly next: string; readonly problem: string | null }): string =>
  documentOf(`<h1>Sign in to Kiln</h1>
${problem === null ? '' : `<p class="problem" role="alert">${escaped(problem)}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="token">Token of this daemon</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>
</form>
<p class="hint">It is what an operator made for you (kiln token create), or what was set as KILN_TOKEN or as server.token in kiln.yaml. This browser keeps a session for a day, not the token.</p>`);

export const signedInPage = (next: string, { name, role }: Pick<Principal, 'name' | 'role'>): string =>
  documentOf(`<h1>You are signed in to Kiln</h1>
<p>As ${escaped(name)}, with the role ${role}.</p>
<p><a href="${escaped(next)}">Go on</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>`);

/** A link on another site brings no cookie of ours; one step further, from our own page, the browser sends it. */
export const stepPage = (next: string): string =>
  documentOf(`<meta http-equiv="refresh" content="0; url=${escaped(next)}">
<p><a href="${escaped(next)}">Go on to Kiln</a></p>`);

/** To whoever opens a share link that opens nothing. */
export const linkEndedPage = (reason: string): string =>
  documentOf(`<h1>This link does not open anything</h1>
<p class="problem" role="alert">${escaped(reason)}.</p>`);

const documentOf = (body: string): string => `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Kiln</title><style>${STYLE}</style></head>
<body>
${body}
</body>
</html>
`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
