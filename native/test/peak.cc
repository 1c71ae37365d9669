// The peak f32 rate, for the benchmark: each line "TARGET THREADS" of standard input is answered by one of GFLOP/s, 0 where it
// is not measured. Build: c++ -std=c++17 -O3 -pthread peak.cc
#include <iostream>

#include "peak.h"

int main() {
  std::string target;
  int threads;
  while (std::cin >> target >> threads) std::cout << sparse_robust::peakOf(target, threads) / 1e9 << std::endl;
}
