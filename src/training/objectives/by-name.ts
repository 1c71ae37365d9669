/** The objectives by the names that commands and records use. */
import { adversarialTraining } from "./adversarial-training.js";
import { martObjective } from "./mart.js";
import { mixedBatchTraining } from "./mixed-batch.js";
import { naturalObjective } from "./natural.js";
import { type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { rstObjective } from "./rst.js";
import { tradesObjective } from "./trades.js";

export type ObjectiveName = "natural" | "at" | "mat" | "trades" | "mart" | "rst";

export interface ObjectiveChoice {
  readonly objective: ObjectiveName;
  readonly attack: InnerAttack;
  /** Weight of the KL term of `trades`, `mart` and `rst`. */
  readonly beta: number;
  readonly statistics?: StatisticsRule;
}

export function objectiveByName({
  objective,
  attack,
  beta,
  statistics = methodStatistics,
}: ObjectiveChoice): Objective {
  switch (objective) {
    case "natural":
      return naturalObjective(statistics);
    case "at":
      return adversarialTraining(attack, statistics);
    case "mat":
      return mixedBatchTraining(attack, statistics);
    case "trades":
      return tradesObjective({ attack, beta, statistics });
    case "mart":
      return martObjective({ attack, beta, statistics });
    case "rst":
      return rstObjective({ attack, beta, statistics });
  }
}
