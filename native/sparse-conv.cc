// Sparse 3x3 convolution of stride 1 on a plane that keeps its size, forward and input gradient: cost follows the connections.
// There is no border in memory: connections are ordered by column of the kernel, then row, and each touches only the sums that it
// reaches; rows that all of a tile's lines reach are one run, because a run's end is guessed wrong.
// Loops: tiles of target positions held in registers; blocks of source channels whose part of the source stays in L1; target
// channels; columns of the kernel; connections, each one broadcast and as many multiply-adds as the tile has lines.
// Wall: a line from memory for every multiply-add: two thirds of peak from L1, of which 1.35 lines a cycle come, half of it from L2.
#include "epilogue.h"
#include "packed.h"

namespace sparse_robust {
namespace SR_TARGET {

void generalSparseConv(const ConvCall& call);
void tiledSparseConv(const ConvCall& call);

namespace {

// Lines of sums in registers: 16 of AVX-512's 32; on the other targets four lines are 8 of 16 or 16 of 32.
constexpr int kLinesHeld = kLanes == 16 ? 16 : 4;
static_assert(kLinesHeld <= kSparseLines, "scratch is sized for kSparseLines");

enum Edge { kTop = 1, kBottom = 2, kLeft = 4, kRight = 8, kAllEdges = 15 };

/** A tile of kRows x kColumns positions in each of kBlocks blocks. More than one row: as wide as the plane, which has kColumns. */
template <int kRows, int kColumns, int kBlocks>
struct Shape {
  static constexpr int kLines = kRows * kColumns;
  static constexpr int kHeld = kLines * kBlocks * kVectorsPerLine;
};

struct Tile {
  int block, row, column;
};

/** Connections of one column of the kernel, for rows [kFirstRow, kLastRow) of the tile; `shift` leads to the line above its first. */
template <int kRows, int kColumns, int kBlocks, int kEdges, int kAcross, int kFirstRow, int kLastRow>
SR_INLINE void addRun(const float* const* source, ptrdiff_t shift, const Connection* c, const Connection* end, Vec* acc) {
  constexpr int kFirst = (kEdges & kLeft) && kAcross < 0, kLast = kColumns - ((kEdges & kRight) && kAcross > 0);
  if (kFirst >= kLast || kFirstRow >= kLastRow) return;
  for (; c < end; c++) {
    ptrdiff_t at = shift + static_cast<ptrdiff_t>(c->line) * kLine;
    Vec weight = set1(c->weight);
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; b++) {
      const float* lines = base(source[b] + at);
#pragma GCC unroll 4
      for (int r = kFirstRow; r < kLastRow; r++) {
#pragma GCC unroll 64
        for (int i = kFirst * kVectorsPerLine; i < kLast * kVectorsPerLine; i++) {
          Vec& sum = acc[(b * kRows + r) * kColumns * kVectorsPerLine + i];
          sum = fma(weight, load(lines + r * kColumns * kLine + i * kLanes), sum);
        }
      }
    }
  }
}

/** The kernel's column `kAcross` beside the middle: its three rows are one run but where the tile has rows that one of them does not reach. */
template <int kRows, int kColumns, int kBlocks, int kEdges, int kAcross>
SR_INLINE void addColumn(const float* const* source, ptrdiff_t row, bool top, bool bottom, const Connection* all, const uint32_t* runs, Vec* acc) {
  constexpr bool kTopApart = kRows > 1 && (kEdges & kTop), kBottomApart = kRows > 1 && (kEdges & kBottom);
  ptrdiff_t shift = kAcross * kLine - row;
  const Connection *from = all + runs[top ? 1 : 0], *to = all + runs[bottom ? 2 : 3];
  if constexpr (kTopApart) addRun<kRows, kColumns, kBlocks, kEdges, kAcross, 1, kRows>(source, shift, all + runs[0], all + runs[1], acc);
  addRun<kRows, kColumns, kBlocks, kEdges, kAcross, 0, kRows>(source, shift, from, to, acc);
  if constexpr (kBottomApart) addRun<kRows, kColumns, kBlocks, kEdges, kAcross, 0, kRows - 1>(source, shift, all + runs[2], all + runs[3], acc);
}

template <int kRows, int kColumns, int kBlocks, int kEdges>
SR_INLINE void addColumns(const float* const* source, int width, bool top, bool bottom, const Connection* all, const uint32_t* runs, Vec* acc) {
  ptrdiff_t row = ptrdiff_t(width) * kLine;
  addColumn<kRows, kColumns, kBlocks, kEdges, -1>(source, row, top, bottom, all, runs, acc);
  addColumn<kRows, kColumns, kBlocks, kEdges, 0>(source, row, top, bottom, all, runs + 3, acc);
  addColumn<kRows, kColumns, kBlocks, kEdges, 1>(source, row, top, bottom, all, runs + 6, acc);
}

/** All target channels of one tile. */
template <int kRows, int kColumns, int kBlocks, int kEdges>
void tile(const ConvCall& call, const PackedSparse& packed, const Tile& t) {
  using S = Shape<kRows, kColumns, kBlocks>;
  const Plane& plane = call.plan->target();
  size_t first = size_t(t.row) * plane.width + t.column;
  bool top = t.row == 0, bottom = t.row + kRows == plane.height;
  const float* source[kBlocks];
  for (int b = 0; b < kBlocks; b++) source[b] = call.input[t.block + b] + first * kLine;
  const uint32_t* runs = packed.runs;
  for (int part = 0; part < packed.blocks; part++) {
    float* sums = static_cast<float*>(call.scratch);
    for (int channel = 0; channel < plane.channels; channel++, runs += 9, sums += S::kHeld * kLanes) {
      if (call.wanted && !call.wanted[channel]) continue;
      bool isFirst = part == 0, isLast = part == packed.blocks - 1;
      if (!isFirst && !isLast && runs[0] == runs[9]) continue;
      Vec acc[S::kHeld];
      if (isFirst) {
#pragma GCC unroll 64
        for (int i = 0; i < S::kHeld; i++) acc[i] = zero();
      } else {
#pragma GCC unroll 64
        for (int i = 0; i < S::kHeld; i++) acc[i] = load(sums + i * kLanes);
      }
      addColumns<kRows, kColumns, kBlocks, kEdges>(source, plane.width, top, bottom, packed.connections, runs, acc);
      if (!isLast) {
#pragma GCC unroll 64
        for (int i = 0; i < S::kHeld; i++) store(sums + i * kLanes, acc[i]);
        continue;
      }
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; b++) {
        Place place{t.block + b, channel, channel * plane.stride() + first, 1};
        finish<S::kLines>(call, place, acc + b * S::kLines * kVectorsPerLine);
      }
    }
  }
}

/** Part of one row; its columns' edges are known when compiled, its rows' when it runs. */
template <int kColumns, int kBlocks>
void rowTile(const ConvCall& call, const PackedSparse& packed, const Tile& t) {
  bool left = t.column == 0, right = t.column + kColumns == call.plan->target().width;
  if (left && right) return tile<1, kColumns, kBlocks, kLeft | kRight>(call, packed, t);
  if (left) return tile<1, kColumns, kBlocks, kLeft>(call, packed, t);
  if (right) return tile<1, kColumns, kBlocks, kRight>(call, packed, t);
  return tile<1, kColumns, kBlocks, 0>(call, packed, t);
}

/** kColumns of a row, in four blocks at once where they fit into the registers. */
template <int kColumns>
int rowTiles(const ConvCall& call, const PackedSparse& packed, int row, int column) {
  int block = 0;
  if constexpr (4 * kColumns <= kLinesHeld) {
    for (; block + 4 <= call.blocks; block += 4) rowTile<kColumns, 4>(call, packed, {block, row, column});
  }
  for (; block < call.blocks; block++) rowTile<kColumns, 1>(call, packed, {block, row, column});
  return kColumns;
}

void oneRow(const ConvCall& call, const PackedSparse& packed, int row) {
  int width = call.plan->target().width;
  for (int column = 0; column < width;) {
    int left = width - column;
    if constexpr (kLinesHeld >= 16) {
      if (left >= 16) { column += rowTiles<16>(call, packed, row, column); continue; }
      if (left >= 8) { column += rowTiles<8>(call, packed, row, column); continue; }
    }
    if (left >= 4) column += rowTiles<4>(call, packed, row, column);
    else if (left >= 2) column += rowTiles<2>(call, packed, row, column);
    else column += rowTiles<1>(call, packed, row, column);
  }
}

void twoByTwo(const ConvCall& call, const PackedSparse& packed) {
  int block = 0;
  if constexpr (kLinesHeld >= 16) {
    for (; block + 4 <= call.blocks; block += 4) tile<2, 2, 4, kAllEdges>(call, packed, {block, 0, 0});
  }
  for (; block < call.blocks; block++) tile<2, 2, 1, kAllEdges>(call, packed, {block, 0, 0});
}

/** Planes eight wide, two rows at a time. */
void pairOfRows(const ConvCall& call, const PackedSparse& packed, int row) {
  bool top = row == 0, bottom = row + 2 == call.plan->target().height;
  for (int block = 0; block < call.blocks; block++) {
    Tile t{block, row, 0};
    if (top && bottom) tile<2, 8, 1, kAllEdges>(call, packed, t);
    else if (top) tile<2, 8, 1, kTop | kLeft | kRight>(call, packed, t);
    else if (bottom) tile<2, 8, 1, kBottom | kLeft | kRight>(call, packed, t);
    else tile<2, 8, 1, kLeft | kRight>(call, packed, t);
  }
}

}  // namespace

void sparseConv(const ConvCall& call) {
  if (!keepsPlane3x3(call.plan->shape)) return generalSparseConv(call);
  if (inTiles(*call.plan)) return tiledSparseConv(call);
  PackedSparse packed = readSparse(*call.plan, call.packed);
  int height = call.plan->target().height, width = call.plan->target().width;
  if (height == 2 && width == 2) return twoByTwo(call, packed);
  if (kLinesHeld >= 16 && height == 4 && width == 4) {
    for (int block = 0; block < call.blocks; block++) tile<4, 4, 1, kAllEdges>(call, packed, {block, 0, 0});
    return;
  }
  int row = call.rows.from, end = call.rows.end(height);
  if (kLinesHeld >= 16 && width == 8) {
    for (; row + 2 <= end; row += 2) pairOfRows(call, packed, row);
  }
  for (; row < end; row++) oneRow(call, packed, row);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
