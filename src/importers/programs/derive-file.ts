import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What derive.py and verify.py of a problem call: the same that describe the file, so that both see its draws and its check alike. */
export const DERIVE_FILE = 'kiln_derive.py';
export const CHECK_FILE = 'kiln_check.py';

export const describingFileText = (file: typeof DERIVE_FILE | typeof CHECK_FILE): string =>
  readFileSync(join(import.meta.dirname, '../describe/kiln_describe', file), 'utf8');
