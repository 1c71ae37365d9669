// Sparse 3x3 convolution of stride 1 on a plane that keeps its size and is wider than eight, forward and input gradient, for
// densities at which blocks of source channels pay: a tile's part of the source is copied to where it stays in L1.
// Loops: tiles of target positions; blocks of source channels, copied with a border of zeros; target channels; connections, each one
// broadcast and as many multiply-adds as the tile has lines. With the border a channel's connections are one run: its end, which no
// processor foretells, comes once. Wall: a line from L1 for every multiply-add, of which a Xeon reads 1.35 a cycle, not two.
#include "epilogue.h"
#include "packed.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

// A whole tile's sums in AVX-512's registers; elsewhere four lines: 8 registers of 16, or 16 of 32.
constexpr int kColumnsHeld = kLanes == 16 ? kTileColumns : 4;
constexpr int kRowsHeld = kLanes == 16 ? kTileRows : 1;

/** One block of source channels of one tile, `rows` high. */
struct Part {
  int block, row, column, rows;
  int index;
  bool first, last;
  const float* source;
  float* sums;
};

/** Where lines of a part begin: columns [column, column + kColumnsHeld) of some rows from `row` on. */
struct Corner { int row, column; };

template <int kRows>
SR_INLINE void addConnections(const float* source, const Connection* c, const Connection* end, Vec* acc) {
  constexpr int kWidth = kColumnsHeld * kVectorsPerLine;
  for (; c < end; c++) {
    const float* lines = base(source + size_t(c->line) * kLine);
    Vec weight = set1(c->weight);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 64
      for (int i = 0; i < kWidth; i++) acc[r * kWidth + i] = fma(weight, load(lines + r * kTilePitch * kLine + i * kLanes), acc[r * kWidth + i]);
    }
  }
}

/** Adds a block of source channels to the sums of all target channels, kRows x kColumnsHeld positions each. */
template <int kRows>
void channels(const ConvCall& call, const PackedSparse& packed, const Part& part, const Corner& corner) {
  constexpr int kWidth = kColumnsHeld * kVectorsPerLine;
  const Plane& plane = call.plan->target();
  size_t first = size_t(part.row + corner.row) * plane.width + part.column + corner.column;
  const float* source = part.source + size_t(corner.row * kTilePitch + corner.column) * kLine;
  float* sums = part.sums + (corner.row * kTileColumns + corner.column) * kLine;
  const uint32_t* runs = packed.runs + size_t(part.index) * plane.channels;
  for (int channel = 0; channel < plane.channels; channel++, runs++, sums += kTileLines * kLine) {
    if (call.wanted && !call.wanted[channel]) continue;
    Vec acc[kRows * kWidth];
    if (part.first) {
#pragma GCC unroll 64
      for (int i = 0; i < kRows * kWidth; i++) acc[i] = zero();
    } else {
#pragma GCC unroll 64
      for (int i = 0; i < kRows * kWidth; i++) acc[i] = load(sums + i / kWidth * kTileColumns * kLine + i % kWidth * kLanes);
    }
    addConnections<kRows>(source, packed.connections + runs[0], packed.connections + runs[1], acc);
    if (!part.last) {
#pragma GCC unroll 64
      for (int i = 0; i < kRows * kWidth; i++) store(sums + i / kWidth * kTileColumns * kLine + i % kWidth * kLanes, acc[i]);
      continue;
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r++) {
      Place place{part.block, channel, channel * plane.stride() + first + size_t(r) * plane.width, 1};
      finish<kColumnsHeld>(call, place, acc + r * kWidth);
    }
  }
}

/** Source channels [from, from + count) under a tile and around it; zeros outside of the plane. */
void copySource(const float* input, const Plane& plane, const Part& part, int from, int count, float* out) {
  int left = part.column == 0 ? 1 : 0, right = lesser(kTilePitch, plane.width - part.column + 1);
  for (int channel = from; channel < from + count; channel++, out += kTileSourceLines * kLine) {
    for (int r = 0; r < part.rows + 2; r++) {
      int row = part.row - 1 + r;
      bool inside = row >= 0 && row < plane.height;
      ptrdiff_t line = ptrdiff_t(channel * plane.stride()) + ptrdiff_t(row) * plane.width + part.column - 1;
      float* to = out + r * kTilePitch * kLine;
      for (int c = 0; c < kTilePitch; c++) {
        for (int v = 0; v < kVectorsPerLine; v++) {
          bool there = inside && c >= left && c < right;
          store(to + c * kLine + v * kLanes, there ? load(input + (line + c) * kLine + v * kLanes) : zero());
        }
      }
    }
  }
}

/** A tile's rows at once where the registers hold them, else row by row. */
void addPart(const ConvCall& call, const PackedSparse& packed, const Part& part) {
  for (int row = 0; row < part.rows;) {
    int held = lesser(kRowsHeld, part.rows - row);
    for (int column = 0; column < kTileColumns; column += kColumnsHeld) {
      if (held == 1) channels<1>(call, packed, part, {row, column});
      if constexpr (kRowsHeld == 3) {
        if (held == 2) channels<2>(call, packed, part, {row, column});
        if (held == 3) channels<3>(call, packed, part, {row, column});
      }
    }
    row += held;
  }
}

void tile(const ConvCall& call, const PackedSparse& packed, Part part) {
  const Plane& plane = call.plan->source();
  int together = call.plan->channelBlock;
  float* source = static_cast<float*>(call.scratch);
  part.source = source, part.sums = source + size_t(together) * kTileSourceLines * kLine;
  for (part.index = 0; part.index < packed.blocks; part.index++) {
    int from = part.index * together;
    part.first = part.index == 0, part.last = part.index == packed.blocks - 1;
    copySource(call.input[part.block], plane, part, from, lesser(together, plane.channels - from), source);
    addPart(call, packed, part);
  }
}

}  // namespace

void tiledSparseConv(const ConvCall& call) {
  PackedSparse packed = readSparse(*call.plan, call.packed);
  const Plane& plane = call.plan->target();
  int end = call.rows.end(plane.height);
  Part part = {};
  for (part.block = 0; part.block < call.blocks; part.block++) {
    for (part.row = call.rows.from; part.row < end; part.row += part.rows) {
      int left = end - part.row;
      part.rows = groupsOf(left, groupsOf(left, kTileRows));   // as equal as can be: sixteen as 3, 3, 3, 3, 2, 2
      for (part.column = 0; part.column < plane.width; part.column += kTileColumns) tile(call, packed, part);
    }
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
