/** What the attack benchmark found: a table for people, records, and the factors that the attacks are held to. */
import type { AttackReply } from "./attack-peer-protocol.js";
import { head, print, record, rounded, row } from "./output.js";

export interface AttackRow {
  readonly attack: string;
  readonly ours: AttackReply;
  readonly theirs: AttackReply;
}

export interface AttackComparison {
  readonly density: number;
  readonly checkpoint: string;
  /** "clean", then the members of the standard ensemble in their order. */
  readonly rows: readonly AttackRow[];
  /** The Brendel & Bethge attack; null where its start finds nothing. */
  readonly walked: AttackRow | null;
  /** Images that it was run on. */
  readonly started: number;
}

/** Of the ensemble's seconds, theirs by ours. */
const MUSTS = new Map([
  [1, { must: 1.5, goal: 2.5 }],
  [0.1, { must: 3, goal: 5 }],
]);

export function reportAttacks(
  comparisons: readonly AttackComparison[],
  { samples, threads, fraction }: { readonly samples: number; readonly threads: number; readonly fraction: number },
): void {
  for (const comparison of comparisons) {
    const { density, rows, walked } = comparison;
    const [clean, ...members] = rows;
    if (clean === undefined) continue;
    const part = fraction === 1 ? "" : `, ${fraction} of all steps and queries`;
    print(
      `\nVGG-16 at density ${density}, ${samples} images, ${threads} threads${part}, PyTorch ${clean.theirs.variant}`,
    );
    head([
      "attack",
      "images",
      "left",
      "theirs",
      "s",
      "theirs",
      "ratio",
      "of processor time",
      "gradients a sample",
      "theirs",
      "forwards a sample",
      "theirs",
    ]);
    let attacked = { ours: clean.ours.standing.length, theirs: clean.theirs.standing.length };
    const first = attacked;
    for (const member of members) {
      memberRow(member, attacked);
      attacked = { ours: member.ours.standing.length, theirs: member.theirs.standing.length };
    }
    const whole = {
      attack: "aa",
      ours: sum(members.map(({ ours }) => ours)),
      theirs: sum(members.map(({ theirs }) => theirs)),
    };
    memberRow(whole, first);
    judge(whole, comparison, fraction);
    if (walked === null) continue;
    memberRow(walked, { ours: comparison.started, theirs: comparison.started });
    judgeWalk(walked, comparison, fraction);
  }
}

/** What all together took, and what the last left. */
function sum(replies: readonly AttackReply[]): AttackReply {
  const total = (part: "seconds" | "processor" | "forwards" | "gradients") =>
    replies.reduce((all, reply) => all + reply[part], 0);
  const [seconds, processor] = [total("seconds"), total("processor")];
  const [forwards, gradients] = [total("forwards"), total("gradients")];
  const { standing, variant } = replies.at(-1) ?? { standing: [], variant: "" };
  return { standing, seconds, processor, forwards, gradients, variant };
}

function memberRow(
  { attack, ours, theirs }: AttackRow,
  attacked: { readonly ours: number; readonly theirs: number },
): void {
  row([
    ...[attack, attacked.ours, ours.standing.length, theirs.standing.length],
    ...[rounded(ours.seconds, 1), rounded(theirs.seconds, 1)],
    ...[rounded(theirs.seconds / ours.seconds, 2), rounded(theirs.processor / ours.processor, 2)],
    ...[rounded(ours.gradients / attacked.ours, 0), rounded(theirs.gradients / attacked.theirs, 0)],
    ...[rounded(ours.forwards / attacked.ours, 0), rounded(theirs.forwards / attacked.theirs, 0)],
  ]);
}

function judge({ ours, theirs }: AttackRow, { density }: AttackComparison, fraction: number): void {
  const ratio = theirs.seconds / ours.seconds;
  const factors = MUSTS.get(density);
  const config = { model: "vgg16", density, fraction, ours, theirs, ...factors };
  record("autoattack", { value: ratio, unit: "times as fast", peer: "autoattack", config });
  if (factors === undefined) return;
  const verdict = ratio >= factors.goal ? "goal reached" : ratio >= factors.must ? "as it must be" : "too slow";
  print(
    `AutoAttack at density ${density}: ${rounded(ratio, 2)} times as fast, must ${factors.must}, goal ${factors.goal}: ${verdict}`,
  );
}

function judgeWalk({ ours, theirs }: AttackRow, { density, started }: AttackComparison, fraction: number): void {
  const ratio = theirs.seconds / ours.seconds;
  const config = { model: "vgg16", density, fraction, images: started, ours, theirs, must: 1 };
  record("brendel-bethge", { value: ratio, unit: "times as fast", peer: "foolbox", config });
  print(
    `B&B at density ${density}: ${rounded(ours.seconds / started, 2)} s an image, Foolbox ${rounded(theirs.seconds / started, 2)}: ${ratio >= 1 ? "as it must be" : "too slow"}`,
  );
}
