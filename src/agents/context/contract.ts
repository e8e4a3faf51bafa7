/** The launch-plan contract as generators read it: for one who has never seen Kiln. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Markdown, with marks around what is of some languages alone (contractFor). */
export const CONTRACT = readFileSync(join(import.meta.dirname, 'contract.md'), 'utf8');
