"""Candidates that are programs: Python with host code. They run in a sandbox; what they launch is recorded and judged as data."""
