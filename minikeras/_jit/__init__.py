"""Records a run and replays it. Read trace, codegen, program, jit, taped_function, multi_step, blocks."""
