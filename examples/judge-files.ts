/** Judges candidate files and prints each verdict as it comes: node examples/judge-files.ts PROBLEM FILE.c… */
import { readFile } from 'node:fs/promises';
import { connect, type SubmitCandidate } from 'kiln/client';

const [problem = 'vector_add', ...files] = process.argv.slice(2);
const candidates = await Promise.all(
  files.map(async (file): Promise<SubmitCandidate> => {
    const isC = file.endsWith('.c');
    return { problem, source: await readFile(file, 'utf8'), language: isC ? 'c' : 'cuda', device: isC ? 'cpu' : 'H100' };
  }),
);
for await (const { id, state, score } of connect().judge(candidates)) {
  const verdict = state.status === 'done' ? state.outcome.verdict : state.status;
  console.log(`${id} ${verdict}${score === null ? '' : ` ${score.speedup.toFixed(2)}x`}`);
}
