/** The objectives by the names that commands and records use. */
import { adversarialTraining } from "./adversarial-training.js";
import { naturalObjective } from "./natural.js";
import { type InnerAttack, methodStatistics, type Objective, type StatisticsRule } from "./objective.js";
import { tradesObjective } from "./trades.js";

export type ObjectiveName = "natural" | "at" | "trades";

export interface ObjectiveChoice {
  readonly objective: ObjectiveName;
  readonly attack: InnerAttack;
  /** Weight of the KL term of `trades`. */
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
    case "trades":
      return tradesObjective({ attack, beta, statistics });
  }
}
