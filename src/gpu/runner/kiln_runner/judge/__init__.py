"""The judge process: verifies and times candidates on one device, one after another. See judgement.py for the protocol."""
