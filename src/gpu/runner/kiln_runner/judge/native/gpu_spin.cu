/* Takes as many nanoseconds as the first of `nanoseconds` says, in one thread: launched by the judge, and by a process of the judge's own program.
 * What reading that number takes, which is in no cache, comes before them: it is there as well where the number is 0. */
extern "C" __global__ void kiln_spin(const volatile unsigned* nanoseconds, unsigned* out) {
  unsigned long long start, now;
  unsigned wanted = *nanoseconds;
  if (wanted > 100000000u) return;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start)::"memory");
  do asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now)::"memory");
  while (now - start < wanted);
  out[0] = wanted + 1;
}
