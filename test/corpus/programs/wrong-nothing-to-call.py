# expect: compile_error or contract
# A name, and nothing that can be called.
custom_kernel = 7
