"""The Kiln runner: the program on a GPU host that compiles, judges and reports. Python standard library only."""
