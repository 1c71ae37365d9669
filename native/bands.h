// Consecutive steps up to a maximum pool that take one block band by band: each row is read again while it is still in the
// cache, and what lies between two steps needs no more memory than the rows that are still to be read.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "parameters.h"
#include "steps.h"

namespace sparse_robust {

constexpr int kMaximumJobs = 8;

/** One step of a chain in its direction: what it writes, and which rows of what it reads it must have for that. */
struct BandJob {
  int step;
  int writes;                 // value of the graph
  int height;                 // of what it writes
  int multiple;               // its bands have a multiple of so many rows
  bool forward;               // its windows lie in what it reads, else in what it writes
  int window, stride, pad, heightRead;
  int held = 0;               // rows that the memory of what it writes holds at a time; 0: all of them

  int firstRead(int row) const;   // the first row that is read for rows from `row` on
  int endRead(int rows) const;    // rows that are read for the first `rows`
};

/** Steps [from, to), in the order of one direction: each job reads what the one before it writes. */
struct Chain {
  int from, to;
  std::vector<BandJob> jobs;
};

/** Which rows are there: [job]. */
struct BandState {
  std::array<int, kMaximumJobs> done{};   // rows written
  std::array<int, kMaximumJobs> base{};   // the row that lies where the memory of what it writes begins
};

/** Rows [from, to) of what a job writes, which go to the begin of its memory, where until then row `base` lay. */
struct RowsMoved {
  int from, to, base;
};

/** The chains of a program's first `steps` steps in one direction, by ascending steps. Of prepared parameters. */
std::vector<Chain> chainsOf(const Program& program, const Parameters& parameters, Direction direction, size_t steps);

constexpr int kRound = 2;   // rows of the last job at a time

/** Calls visit(job, rows, state) until all rows are written, and move(job, rows) before the memory of what it writes would overflow. */
template <class Visit, class Move>
void walkBands(const Chain& chain, const Visit& visit, const Move& move) {
  const int last = int(chain.jobs.size()) - 1;
  BandState state;
  while (state.done[last] < chain.jobs[last].height) {
    std::array<int, kMaximumJobs> until;
    for (int j = last, end = state.done[last] + kRound; j >= 0; end = chain.jobs[j].endRead(until[j]), j--) {
      const BandJob& job = chain.jobs[j];
      until[j] = std::max(state.done[j], std::min(job.height, (end + job.multiple - 1) / job.multiple * job.multiple));
    }
    for (int j = 0; j <= last; j++) {
      const BandJob& job = chain.jobs[j];
      if (until[j] == state.done[j]) continue;
      if (job.held > 0 && until[j] - state.base[j] > job.held) {
        const int first = std::min(state.done[j], chain.jobs[j + 1].firstRead(state.done[j + 1]));
        move(j, RowsMoved{first, state.done[j], state.base[j]});
        state.base[j] = first;
      }
      visit(j, Rows{state.done[j], until[j]}, state);
      state.done[j] = until[j];
    }
  }
}

}  // namespace sparse_robust
