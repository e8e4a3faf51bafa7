"""Stands for torch.utils in tests."""
