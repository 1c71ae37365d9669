// Sparse convolution of any kernel, stride and plane, forward and input gradient: what sparse-conv.cc has no tile for.
// Loops: tiles of positions that the same taps reach, held in registers; target channels; taps; connections.
#include "epilogue.h"
#include "geometry.h"
#include "packed.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

// Positions of a run held in registers, over one or all blocks of a call: 16 lines fill half of AVX-512's registers.
constexpr int kLinesHeld = kLanes == 16 ? 16 : 4;

/** `kCount` neighbours of a run in each of `kBlocks` blocks: for every target channel, its connections tap by tap. */
template <int kBlocks, int kCount, int kStep>
void general(const ConvCall& call, const Geometry& g, const PackedSparse& packed, const Run& run, int block, int from) {
  constexpr int kHeld = kCount * kVectorsPerLine;
  const float* source[kBlocks];
  for (int b = 0; b < kBlocks; b++) source[b] = call.input[block + b] + size_t(from) * kStep * kLine;
  int targets = call.plan->target().channels, taps = g.kernel * g.kernel;
  for (int channel = 0; channel < targets; channel++) {
    if (call.wanted && !call.wanted[channel]) continue;
    Vec acc[kBlocks * kHeld];
#pragma GCC unroll 64
    for (int i = 0; i < kBlocks * kHeld; i++) acc[i] = zero();
    const uint32_t* runs = packed.runs + size_t(channel) * taps;
    for (int i = 0; i < run.taps; i++) {
      const Connection* end = packed.connections + runs[run.tap[i].index + 1];
      for (const Connection* c = packed.connections + runs[run.tap[i].index]; c < end; c++) {
        size_t offset = (run.tap[i].offset + c->line) * kLine;
        Vec weight = set1(c->weight);
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; b++) {
          const float* lines = base(source[b] + offset);
#pragma GCC unroll 64
          for (int j = 0; j < kHeld; j++) {
            size_t shift = size_t(j / kVectorsPerLine) * kStep * kLine + j % kVectorsPerLine * kLanes;
            acc[b * kHeld + j] = fma(weight, load(lines + shift), acc[b * kHeld + j]);
          }
        }
      }
    }
    size_t first = channel * g.targetStride + run.first + size_t(from) * g.targetStep;
    for (int b = 0; b < kBlocks; b++) {
      finish<kCount>(call, {block + b, channel, first, size_t(g.targetStep)}, acc + b * kHeld);
    }
  }
}

template <int kCount, int kStep>
int runOfBlocks(const ConvCall& call, const Geometry& g, const PackedSparse& packed, const Run& run, int from) {
  int block = 0;
  if constexpr (4 * kCount <= kLinesHeld) {
    for (; block + 4 <= call.blocks; block += 4) general<4, kCount, kStep>(call, g, packed, run, block, from);
  }
  for (; block < call.blocks; block++) general<1, kCount, kStep>(call, g, packed, run, block, from);
  return kCount;
}

template <int kStep>
void wholeRun(const ConvCall& call, const Geometry& g, const PackedSparse& packed, const Run& run) {
  for (int from = 0; from < run.count;) {
    int left = run.count - from;
    if constexpr (kLinesHeld >= 16) {
      if (left >= 16) { from += runOfBlocks<16, kStep>(call, g, packed, run, from); continue; }
      if (left >= 8) { from += runOfBlocks<8, kStep>(call, g, packed, run, from); continue; }
    }
    if (left >= 4) from += runOfBlocks<4, kStep>(call, g, packed, run, from);
    else if (left >= 2) from += runOfBlocks<2, kStep>(call, g, packed, run, from);
    else from += runOfBlocks<1, kStep>(call, g, packed, run, from);
  }
}

}  // namespace

void generalSparseConv(const ConvCall& call) {
  Geometry g = geometryOf(*call.plan, call.rows);
  PackedSparse packed = readSparse(*call.plan, call.packed);
  forEachRun(g, [&](Run& run) {
    switch (g.sourceStep) {
      case 1: return wholeRun<1>(call, g, packed, run);
      case 2: return wholeRun<2>(call, g, packed, run);
      default:
        for (int from = 0; from < run.count; from++) {
          Run one = run;
          one.count = 1, one.first += size_t(from) * g.targetStep;
          for (int i = 0; i < run.taps; i++) one.tap[i].offset += size_t(from) * g.sourceStep;
          runOfBlocks<1, 1>(call, g, packed, one, 0);
        }
    }
  });
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
