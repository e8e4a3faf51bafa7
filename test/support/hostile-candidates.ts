/** Candidates whose every word is meant for the page that shows it: markup, ANSI, text that turns around, and a lot of it. */
import { readFileSync } from 'node:fs';

export const EVIL =
  '<img src=x onerror=document.title="owned"><script>document.title="owned"</script>\u202E\u001B[31mred\u001B[0m';
/** As long as names of submitters may be. */
export const EVIL_NAME = EVIL.slice(0, 64);

const HEADER = '/* kiln\nlaunch:\n  - {kernel: add, args: [a, b, out, n]}\n*/\n';
const NESTED = 9;
const ERRORS = 2100;
const macros = Array.from({ length: NESTED }, (_, at) => `#define L${at + 1} L${at} /* ${EVIL} */\n`).join('');
/** The compiler says over 4 MB of it: each error is told once for every macro that it came through. */
export const LONG_LOG = `${HEADER}#define L0 int = ;\n${macros}${`L${NESTED}\n`.repeat(ERRORS)}`;

const SOURCE_BYTES = 256 * 1024;
const good = readFileSync('kernels/vector_add/seeds/1-restrict.c', 'utf8');
const line = `// ${EVIL}\n`;
/** Right, fast, and 256 KiB long: it is ranked, takes records and is diffed with others. */
export const LONG_SOURCE = `${good}\n${line.repeat(Math.floor((SOURCE_BYTES - Buffer.byteLength(good) - 1) / Buffer.byteLength(line)))}`;
