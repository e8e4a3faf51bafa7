/** Tunes a kernel and prints what was better than all before: node examples/tuning-sweep.ts FILE PROBLEM [CANDIDATES] */
import { readFile } from 'node:fs/promises';
import { connect } from 'kiln/client';

const [file = 'kernels/vector_add/seeds/2-vectors.c', problem = 'vector_add', candidates = '8'] = process.argv.slice(2);
const isC = file.endsWith('.c');
const kiln = connect();
let best = 0;
for await (const { params, verdict, speedup } of kiln.sweep({
  candidate: { problem, source: await readFile(file, 'utf8'), language: isC ? 'c' : 'cuda', device: isC ? 'cpu' : 'H100' },
  strategy: 'forest',
  budget: { candidates: Number(candidates) },
})) {
  if (speedup === null) console.log(`${verdict}: ${JSON.stringify(params)}`);
  if (speedup === null || speedup <= best) continue;
  best = speedup;
  console.log(`${speedup.toFixed(2)}x with ${JSON.stringify(params)}`);
}
