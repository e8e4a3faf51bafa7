#!/bin/sh
# Runs describe.py with the first Python here that has PyTorch: describe.sh FOLDER TASKS.json
for python in "${KILN_TORCH_PYTHON:-}" python3 /usr/bin/python3 /opt/*/bin/python3 /opt/*/.venv/bin/python3 /opt/*/venv/bin/python3; do
  [ -n "$python" ] || continue
  "$python" -c 'import torch.utils._python_dispatch' >/dev/null 2>&1 || continue
  exec "$python" "$1/describe.py" "$2"
done
echo '{"complaint": "no Python with PyTorch was found", "python": ""}'
