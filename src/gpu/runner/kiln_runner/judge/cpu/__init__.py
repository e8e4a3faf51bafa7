"""The judge on the CPU: candidates run in disposable child processes. For development, demos and tests."""
