/** What the attack benchmark found: a table for people, records, and the factors that the attacks are held to. */
import type { AttackReply } from "./attack-peer-protocol.js";
import { head, print, record, rounded, row } from "./output.js";

export interface AttackRow {
  readonly attack: string;
  readonly ours: AttackReply;
  readonly theirs: AttackReply;
}

export interface Conditions {
  readonly density: number;
  readonly samples: number;
  readonly threads: number;
  /** Of the published steps and queries. */
  readonly fraction: number;
}

/** Of the ensemble's seconds, theirs by ours. */
const MUSTS = new Map([
  [1, { must: 1.5, goal: 2.5 }],
  [0.1, { must: 3, goal: 5 }],
]);

const TITLES = [
  ...["attack", "images", "left", "theirs", "s", "theirs", "ratio", "of processor time"],
  ...["gradients a sample", "theirs", "forwards a sample", "theirs"],
];

/** `rows`: "clean", then the members in their order. */
export function reportEnsemble([clean, ...members]: readonly AttackRow[], conditions: Conditions): void {
  if (clean === undefined) return;
  printTitle(clean, conditions);
  let attacked = attackedNext(clean);
  for (const member of members) {
    memberRow(member, attacked);
    attacked = attackedNext(member);
  }
  const whole = {
    attack: "aa",
    ours: sum(members.map(({ ours }) => ours)),
    theirs: sum(members.map(({ theirs }) => theirs)),
  };
  memberRow(whole, attackedNext(clean));
  judge(whole, conditions);
}

/** The Brendel & Bethge attack on `images` samples. */
export function reportWalk(row: AttackRow, conditions: Conditions & { readonly images: number }): void {
  const { images } = conditions;
  printTitle(row, conditions);
  memberRow(row, { ours: images, theirs: images });
  judgeWalk(row, conditions);
}

function printTitle({ theirs }: AttackRow, { density, samples, threads, fraction }: Conditions): void {
  const part = fraction === 1 ? "" : `, ${fraction} of all steps and queries`;
  print(`\nVGG-16 at density ${density}, ${samples} images, ${threads} threads${part}, PyTorch ${theirs.variant}`);
  head(TITLES);
}

function attackedNext({ ours, theirs }: AttackRow): { readonly ours: number; readonly theirs: number } {
  return { ours: ours.standing.length, theirs: theirs.standing.length };
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

function judge({ ours, theirs }: AttackRow, { density, threads, fraction }: Conditions): void {
  const ratio = theirs.seconds / ours.seconds;
  const factors = MUSTS.get(density);
  const config = { model: "vgg16", density, threads, fraction, ours, theirs, ...factors };
  record("autoattack", { value: ratio, unit: "times as fast", peer: "autoattack", config });
  if (factors === undefined) return;
  const verdict = ratio >= factors.goal ? "goal reached" : ratio >= factors.must ? "as it must be" : "too slow";
  print(
    `AutoAttack at density ${density}: ${rounded(ratio, 2)} times as fast, must ${factors.must}, goal ${factors.goal}: ${verdict}`,
  );
}

function judgeWalk(
  { ours, theirs }: AttackRow,
  { density, threads, fraction, images }: Conditions & { readonly images: number },
): void {
  const ratio = theirs.seconds / ours.seconds;
  const config = { model: "vgg16", density, threads, fraction, images, ours, theirs, must: 1 };
  record("brendel-bethge", { value: ratio, unit: "times as fast", peer: "foolbox", config });
  print(
    `B&B at density ${density}: ${rounded(ours.seconds / images, 2)} s an image, Foolbox ${rounded(theirs.seconds / images, 2)}: ${ratio >= 1 ? "as it must be" : "too slow"}`,
  );
}
