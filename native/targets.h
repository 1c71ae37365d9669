// Which instruction set runs: detected, or forced by name.
#pragma once
#include <string>

#include "kernels.h"
#include "passes.h"

namespace sparse_robust {

struct Target {
  const char* name;
  const Kernels* kernels;
  const Passes* passes;
};

/** The best target of processor and operating system; `forced` (empty: none) takes one by name. Throws std::invalid_argument. */
const Target& chooseTarget(const std::string& forced);

/** Names of the targets that run here, best first, separated by commas. */
std::string usableTargets();

}  // namespace sparse_robust
