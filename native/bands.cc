// Which steps form a chain: as many as keep what lies between them within the cache.
#include "bands.h"

namespace sparse_robust {
namespace {

/** Of the rows between the steps of a chain: they stay in an L2 of 2 MiB beside what streams in and out, and the weights. */
constexpr size_t kBytesHeld = size_t(3) << 19;
/** More rows than are needed, so that those that are needed again seldom move. */
constexpr int kSpareRows = 8;
/** Smaller planes stay in L2 as a whole. */
constexpr size_t kBytesWorth = size_t(3) << 18;

class ChainBuilder {
 public:
  ChainBuilder(const Program& program, const Parameters& parameters, Direction direction)
      : program_(program), parameters_(parameters), forward_(direction == Direction::Forward) {}

  /** The longest chain that ends with the maximum `last` and does not begin before `least`; of no jobs if there is none. */
  Chain endingAt(int last, int least) const {
    Chain best{};
    for (int from = last; from >= least && takesBands(program_.steps[from]); from--) {
      if (from < last) {
        Chain chain = chainOf(from, last + 1);
        if (!isWorth(chain) || !hold(chain)) break;
        best = chain;
      }
      const int before = program_.steps[from].input;
      const bool isAlone = from > 0 && program_.steps[from - 1].output == before && program_.lastUse[before] == from;
      if (!isAlone || program_.inputPart[from].first != program_.inputPart[from].last || last - from + 1 == kMaximumJobs) break;
    }
    return best;
  }

 private:
  const Graph& graph() const { return parameters_.graph(); }

  const ConvPlan& planOf(const Step& step) const {
    const Kernel& kernel = parameters_.kernelOf(step.layer);
    return forward_ ? kernel.forward.plan : kernel.backward.plan;
  }

  bool takesBands(const Step& step) const {
    if (step.add >= 0) return false;
    if (step.kind == StepKind::Map) return true;
    if (step.kind == StepKind::MaximumPool) return multipleOf(step) < graph().plane(step.input).height;
    return step.kind == StepKind::Conv && bandRows(planOf(step)) < planOf(step).target().height;
  }

  /** Rows of a band of what the step writes in this direction. */
  int multipleOf(const Step& step) const {
    if (step.kind == StepKind::Conv) return bandRows(planOf(step));
    return step.kind == StepKind::MaximumPool && !forward_ ? graph().layers[step.layer].pool.stride : 1;
  }

  BandJob jobOf(int i) const {
    const Step& step = program_.steps[i];
    const Layer& layer = graph().layers[step.layer];
    const int writes = forward_ ? step.output : step.input, reads = forward_ ? step.input : step.output;
    BandJob job{i, writes, graph().plane(writes).height, multipleOf(step), forward_, 1, 1, 0, graph().plane(reads).height};
    if (step.kind == StepKind::Conv) job.window = layer.conv.kernel, job.stride = layer.conv.stride, job.pad = layer.conv.padTop;
    if (step.kind == StepKind::MaximumPool) job.window = layer.pool.rows, job.stride = layer.pool.stride;
    return job;
  }

  Chain chainOf(int from, int to) const {
    Chain chain{from, to, {}};
    for (int i = from; i < to; i++) chain.jobs.push_back(jobOf(forward_ ? i : to - 1 - (i - from)));
    return chain;
  }

  size_t rowBytes(const BandJob& job) const {
    const Plane& plane = graph().plane(job.writes);
    return size_t(plane.width) * plane.channels * kLine * sizeof(float);
  }

  bool isWorth(const Chain& chain) const {
    size_t largest = 0;
    for (size_t j = 0; j + 1 < chain.jobs.size(); j++) largest = std::max(largest, rowBytes(chain.jobs[j]) * chain.jobs[j].height);
    return largest >= kBytesWorth;
  }

  /** Gives the values between the steps the rows that they need and some to spare; false: they are too many. */
  bool hold(Chain& chain) const {
    std::array<int, kMaximumJobs> needed{}, kept{};
    walkBands(chain, [&](int j, Rows rows, const BandState& state) {
      if (j + 1 == int(chain.jobs.size())) return;
      const int first = std::min(rows.from, chain.jobs[j + 1].firstRead(state.done[j + 1]));
      needed[j] = std::max(needed[j], rows.to - first);
      kept[j] = std::max(kept[j], rows.from - first);
    }, [](int, const RowsMoved&) {});
    size_t held = 0, more = 0;
    for (size_t j = 0; j + 1 < chain.jobs.size(); j++) {
      held += needed[j] * rowBytes(chain.jobs[j]);
      if (kept[j] > 0) more += rowBytes(chain.jobs[j]);
    }
    if (held > kBytesHeld) return false;
    const int spare = more == 0 ? 0 : std::min(kSpareRows, int((kBytesHeld - held) / more));
    for (size_t j = 0; j + 1 < chain.jobs.size(); j++) {
      const int rows = needed[j] + (kept[j] > 0 ? spare : 0);
      chain.jobs[j].held = rows < chain.jobs[j].height ? rows : 0;
    }
    return true;
  }

  const Program& program_;
  const Parameters& parameters_;
  bool forward_;
};

}  // namespace

int BandJob::firstRead(int row) const {
  return std::max(0, forward ? row * stride - pad : (row + pad - window + stride) / stride);
}

int BandJob::endRead(int rows) const {
  if (rows == 0) return 0;
  return std::min(heightRead, forward ? (rows - 1) * stride - pad + window : (rows - 1 + pad) / stride + 1);
}

std::vector<Chain> chainsOf(const Program& program, const Parameters& parameters, Direction direction, size_t steps) {
  const ChainBuilder builder(program, parameters, direction);
  std::vector<Chain> chains;
  int least = 0;
  for (int last = 0; last < int(steps); last++) {
    if (program.steps[last].kind != StepKind::MaximumPool) continue;
    Chain chain = builder.endingAt(last, least);
    if (!chain.jobs.empty()) chains.push_back(std::move(chain)), least = last + 1;
  }
  return chains;
}

}  // namespace sparse_robust
