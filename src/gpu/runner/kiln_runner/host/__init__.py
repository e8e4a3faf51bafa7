"""What the host has: GPUs, processor, compilers."""
