/** What the disk under a benchmark's folder asks for new files: the runner makes a folder with two files for each point of a sweep. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = 300;
const FILE = Buffer.alloc(512);

/** Microseconds for a folder with two files, made and renamed as an artifact is. On one machine it differs between folders by more than ten times. */
export const artifactMicroseconds = (beside: string): number => {
  const folder = mkdtempSync(join(beside, 'disk-cost-'));
  try {
    const startedMs = performance.now();
    for (let number = 0; number < FOLDERS; number += 1) {
      const unfinished = join(folder, `.${number}`);
      mkdirSync(unfinished);
      writeFileSync(join(unfinished, 'code'), FILE);
      writeFileSync(join(unfinished, 'meta.json'), FILE);
      renameSync(unfinished, join(folder, String(number)));
    }
    return ((performance.now() - startedMs) / FOLDERS) * 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
