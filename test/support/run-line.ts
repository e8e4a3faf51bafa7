/** A line of a document, run by bash as its reader would: its exit code, and all that it printed, on both streams. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export const runLine = async (
  line: string,
  place: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ended> => {
  const child = spawn('bash', ['-o', 'pipefail', '-c', line], { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (text: string): void => void (output += text);
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
};
