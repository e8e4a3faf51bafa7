import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What derive.py of a problem calls: the same that describes the file, so that both see its draws alike. */
export const DERIVE_FILE = 'kiln_derive.py';

export const deriveFileText = (): string =>
  readFileSync(join(import.meta.dirname, '../describe/kiln_describe', DERIVE_FILE), 'utf8');
