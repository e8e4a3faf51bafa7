"""Profiles of candidates: Nsight Compute where it may look, else what the compiled code and the device's limits tell."""
