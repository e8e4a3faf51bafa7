/** What a writer for an architecture must know that is in no contract: limits, instructions, traps. Written by us, from facts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Language } from '../../domain/plan/plan.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, 'playbooks', `${name}.md`), 'utf8').trim();

const PLAYBOOKS: Readonly<Record<string, string>> = { sm_90a: read('sm_90a'), sm_80: read('sm_80') };

/** Empty where there is none for the architecture, or where nobody writes instructions. */
export const playbookOf = (architecture: string, languages: readonly Language[]): string =>
  languages.includes('cuda') ? (PLAYBOOKS[architecture] ?? '') : '';
