/* kiln
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error
// A comment opener inside a string, before a directive with an empty comment in it, hides that directive from both looks of source_scan.py:
// /etc/passwd comes back in the compile log (seen with NVRTC 13.0).
__device__ const char* const hidden_ = "/*";
#/**/include "/etc/passwd"
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {}
