# expect: passed
# problem: gather
# A function that is called by name.
def run(table, ids):
    return table.index_select(0, ids)
