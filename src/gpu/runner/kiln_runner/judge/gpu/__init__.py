"""The judge on an NVIDIA GPU: the driver API through ctypes, nothing else."""
