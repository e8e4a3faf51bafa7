class PTXASError(Exception):
    pass
