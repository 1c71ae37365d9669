// Which channels of a network's values the images reach at all: where few connections are left, many channels of the lowest
// layers are constant, and nobody needs their gradient.
#pragma once
#include <cstdint>
#include <vector>

#include "parameters.h"
#include "steps.h"

namespace sparse_robust {

/** [value][channel] 0: depends on no pixel. Empty: all channels do, or they are not told apart. Of prepared parameters. */
std::vector<std::vector<uint8_t>> channelsReached(const Program& program, const Parameters& parameters);

}  // namespace sparse_robust
