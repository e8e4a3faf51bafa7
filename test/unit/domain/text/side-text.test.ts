import { expect, test } from 'vitest';
import { problemText } from '../../../../src/agents/prompt/problem-text.ts';
import type { Problem } from '../../../../src/domain/problem.ts';
import { fenceLanguage, shownSide, sideName } from '../../../../src/domain/text/side-text.ts';

const FILES = { 'reference.py': 'import torch\n', 'utils.py': 'x = 1\n', 'reference.cu': '/* kiln */\n' };
const SIDE = { file: 'reference.py', symbol: 'Model', style: 'model' as const, files: ['utils.py'], environment: 'torch' };

test('a program is shown with what it imports, and by what is called', () => {
  expect(shownSide(SIDE, FILES)).toEqual({ file: 'reference.py', source: 'import torch\n\n# utils.py\nx = 1' });
  expect(sideName(SIDE)).toBe('reference.py, a program: Model is called as model, in environment torch');
  expect(shownSide('reference.cu', FILES)).toEqual({ file: 'reference.cu', source: '/* kiln */\n' });
  expect(sideName('reference.cu')).toBe('reference.cu');
});

test('Python is fenced as such where agents are shown it', () => {
  expect([fenceLanguage('reference.py'), fenceLanguage('reference.cu')]).toEqual(['python', '']);
  const problem = { name: 'scale', title: 'Scale', bench: { gpu: [], cpu: [] } } as unknown as Problem;
  const device = { class: 'H100', model: 'H100', architecture: 'sm_90a', multiprocessors: 132, memoryBytes: 8e10, l2Bytes: 5e7 };
  const text = problemText({
    problem,
    statement: '',
    reference: { file: 'reference.py', source: 'import torch' },
    device: {
      ...device,
      sharedBytesPerBlock: null,
      copyBytesPerSecond: null,
      peakBytesPerSecond: null,
      peakFlopsPerSecond: null,
    },
    playbook: '',
    languages: ['cuda'],
    headroom: [],
  });
  expect(text).toContain('```python\nimport torch\n```');
});
