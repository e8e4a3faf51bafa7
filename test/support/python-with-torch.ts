import { spawnSync } from 'node:child_process';

/** Of this machine, for what runs PyTorch without a GPU; undefined where none has it. */
export const PYTHON_WITH_TORCH = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import torch.utils._python_dispatch'], { stdio: 'ignore' }).status === 0,
);
