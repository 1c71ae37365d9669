// Fusion by one walk over the layers: a layer joins the step before it where nobody else reads that step's output.
#include "steps.h"

#include <algorithm>

namespace sparse_robust {
namespace {

class Compiler {
 public:
  Compiler(const Graph& graph, bool fold) : graph_(graph), fold_(fold), uses_(graph.layers.size() + 1), producer_(uses_.size(), -1) {
    for (const Layer& layer : graph.layers)
      for (int value : layer.inputs) uses_[value]++;
  }

  std::vector<Step> run() {
    for (size_t i = 0; i < graph_.layers.size(); i++) place(int(i));
    return std::move(steps_);
  }

 private:
  void place(int index) {
    const Layer& layer = graph_.layers[index];
    switch (layer.op) {
      case Op::Conv:
      case Op::Dense: return start(StepKind::Conv, index);
      case Op::MaximumPool: return start(StepKind::MaximumPool, index);
      case Op::AveragePool: return start(StepKind::AveragePool, index);
      case Op::Flatten: return start(StepKind::Flatten, index);
      case Op::Normalize: return startNorm(index);
      case Op::BatchNorm: return placeBatchNorm(index);
      case Op::Add: return placeAdd(index);
      case Op::Relu: return placeRelu(index);
    }
  }

  void start(StepKind kind, int index) {
    Step step{kind, index};
    step.input = graph_.layers[index].inputs[0];
    steps_.push_back(step);
    end(int(steps_.size()) - 1, index);
  }

  void startNorm(int index) {
    start(StepKind::Map, index);
    steps_.back().norm = index;
  }

  void end(int step, int index) {
    steps_[step].output = index + 1;
    producer_[index + 1] = step;
  }

  /** The step that stores `value`, if what follows may still join it: -1 otherwise. */
  int open(int value) const {
    const int step = producer_[value];
    if (step < 0 || uses_[value] != 1 || steps_[step].relu) return -1;
    return steps_[step].kind == StepKind::Conv || steps_[step].kind == StepKind::Map ? step : -1;
  }

  void placeBatchNorm(int index) {
    const int step = open(graph_.layers[index].inputs[0]);
    if (!fold_ || step < 0 || steps_[step].kind != StepKind::Conv || steps_[step].norm >= 0 || steps_[step].add >= 0) return startNorm(index);
    steps_[step].norm = index;
    end(step, index);
  }

  /** Joins the later of the two steps, so that the other's output is there when it stores. */
  void placeAdd(int index) {
    int late = graph_.layers[index].inputs[0], early = graph_.layers[index].inputs[1];
    if (producer_[late] < producer_[early]) std::swap(late, early);
    const int step = open(late);
    if (step >= 0 && steps_[step].add < 0 && late != early) {
      steps_[step].add = early;
      return end(step, index);
    }
    start(StepKind::Map, index);
    steps_.back().add = graph_.layers[index].inputs[1];
  }

  void placeRelu(int index) {
    int step = open(graph_.layers[index].inputs[0]);
    if (step < 0) {
      start(StepKind::Map, index);
      step = int(steps_.size()) - 1;
    }
    steps_[step].relu = true;
    end(step, index);
  }

  const Graph& graph_;
  bool fold_;
  std::vector<int> uses_, producer_;
  std::vector<Step> steps_;
};

/** Where a maximum alone reads what a relu stored: only the largest of a window passes a gradient on, and only if it is positive. */
void joinRelus(Program& program) {
  std::vector<int> readers(program.producer.size());
  for (const Step& step : program.steps) {
    readers[step.input]++;
    if (step.add >= 0) readers[step.add]++;
  }
  for (Step& step : program.steps) {
    const int producer = program.producer[step.input];
    step.joinsRelu = step.kind == StepKind::MaximumPool && readers[step.input] == 1 && producer >= 0 && program.steps[producer].relu;
  }
}

/** Without the steps that the logits do not depend on. */
std::vector<Step> needed(const std::vector<Step>& steps, int logits) {
  std::vector<bool> wanted(logits + 1);
  wanted[logits] = true;
  std::vector<Step> kept;
  for (size_t i = steps.size(); i-- > 0;) {
    if (!wanted[steps[i].output]) continue;
    wanted[steps[i].input] = true;
    if (steps[i].add >= 0) wanted[steps[i].add] = true;
    kept.push_back(steps[i]);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

bool hasParameters(const Graph& graph, const Step& step) {
  return step.kind == StepKind::Conv || (step.norm >= 0 && graph.layers[step.norm].op == Op::BatchNorm);
}

Part partOf(Program& program, std::vector<int>& seen, const std::vector<int>& parts, int value) {
  if (value < 0 || !program.wantsGradient[value]) return {};
  seen[value]++;
  return {value, seen[value] == 1, seen[value] == parts[value]};
}

void countParts(Program& program) {
  const size_t values = program.wantsGradient.size();
  std::vector<int> parts(values), seen(values);
  for (const Step& step : program.steps) {
    parts[step.input]++;
    if (step.add >= 0) parts[step.add]++;
  }
  program.inputPart.resize(program.steps.size());
  program.addPart.resize(program.steps.size());
  for (size_t i = program.steps.size(); i-- > 0;) {
    program.addPart[i] = partOf(program, seen, parts, program.steps[i].add);
    program.inputPart[i] = partOf(program, seen, parts, program.steps[i].input);
  }
}

Program compile(const Graph& graph, bool training) {
  Program program;
  const int values = graph.outputValue() + 1;
  program.steps = needed(Compiler(graph, !training).run(), graph.outputValue());
  program.producer.assign(values, -1);
  program.lastUse.assign(values, -1);
  program.wantsGradient.assign(values, !training);
  for (size_t i = 0; i < program.steps.size(); i++) {
    const Step& step = program.steps[i];
    program.producer[step.output] = int(i);
    program.lastUse[step.input] = int(i);
    if (step.add >= 0) program.lastUse[step.add] = int(i);
    const bool below = program.wantsGradient[step.input] || (step.add >= 0 && program.wantsGradient[step.add]);
    program.wantsGradient[step.output] = below || hasParameters(graph, step);
  }
  program.lastUse[graph.outputValue()] = int(program.steps.size());
  countParts(program);
  if (!training) joinRelus(program);
  return program;
}

}  // namespace

Program compileInference(const Graph& graph) { return compile(graph, false); }
Program compileTraining(const Graph& graph) { return compile(graph, true); }

}  // namespace sparse_robust
