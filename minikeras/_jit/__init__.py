"""From a run to its replay: read trace, codegen, program, jit, taped_function, multi_step."""
