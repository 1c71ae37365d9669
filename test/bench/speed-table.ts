/** The tables of one network, a table for each kind of work, and its records. */
import { head, percent, print, record, rounded, row } from "./output.js";
import { secondsOf } from "./rounds.js";
import { type PeerRow, type Speed, type SpeedOptions, type SpeedRow, secondsOrLast } from "./speed.js";
import { operationsOf, PASSES, type Work } from "./subject.js";

const TITLES: Readonly<Record<Work, string>> = {
  forward: "forward",
  step: "forward + input gradient (one PGD step)",
  at: "whole step of adversarial training (PGD-10)",
};

export function reportSpeed(speed: Speed, options: SpeedOptions): void {
  const { single, all } = speed.peak;
  print(`\n## ${options.model}, batch of ${options.batch}\n`);
  print(`Peak ${rounded(all, 0)} GFLOP/s on ${options.threads} threads, ${rounded(single, 0)} on one.`);
  record("peak", { value: all, unit: "GFLOP/s", config: { threads: options.threads } });
  record("peak", { value: single, unit: "GFLOP/s", config: { threads: 1 } });
  for (const work of options.works) reportWork(work, speed, options);
}

function reportWork(work: Work, speed: Speed, options: SpeedOptions): void {
  print(`\n### ${TITLES[work]}\n`);
  const peers = speed.peers.filter((peer) => peer.work === work);
  for (const peer of peers) reportPeer(peer, options);
  if (peers.length > 0) print("");
  head([
    "densities",
    "images/s",
    "one thread",
    "scaling",
    "AVX2",
    "of f32",
    "one of one",
    "of bf16",
    "of peak",
    "convolutions",
    "outside",
    "MiB",
  ]);
  for (const one of speed.rows) if (one.work === work) reportRow(one, speed, options);
}

function reportPeer({ work, variant, all, memory }: PeerRow, { model, batch, threads }: SpeedOptions): void {
  const value = batch / secondsOf(all);
  const text =
    all.error ?? `${rounded(value, 0)} images/s${Number.isFinite(memory) ? `, ${mebibytes(memory)} MiB` : ""}`;
  print(`PyTorch ${variant}: ${text}  `);
  record(work, { value, unit: "images/s", peer: `torch ${variant}`, config: { model, batch, threads, memory } });
}

function reportRow(one: SpeedRow, speed: Speed, options: SpeedOptions): void {
  const { subject, work, all, memory } = one;
  const { batch, threads } = options;
  const seconds = secondsOf(all);
  const single = one.single === null ? Number.NaN : secondsOf(one.single);
  const avx2 = one.avx2 === null ? Number.NaN : secondsOf(one.avx2);
  const ofPeak = (operationsOf(subject) * PASSES[work] * batch) / seconds / (speed.peak.all * 1e9);
  const toThreads = (share: number | undefined) => (share ?? Number.NaN) / threads;
  row([
    `${subject.densities} ${subject.density}`,
    ...[seconds, single].map((time) => rounded(batch / time, 0)),
    percent(scalingOf(one, speed)),
    rounded(batch / avx2, 0),
    ...[ratioOf(one, speed, "f32"), singleRatioOf(one, speed), ratioOf(one, speed, "bf16")].map((times) =>
      rounded(times, 2),
    ),
    percent(ofPeak),
    percent(toThreads(all.shares?.convolutions)),
    percent(1 - toThreads(all.shares?.steps)),
    mebibytes(memory),
  ]);
  const config = { ...subject, batch, threads, memory };
  record(work, { value: batch / seconds, unit: "images/s", config });
  record(`${work}-share-of-peak`, { value: ofPeak, unit: "share", config });
  if (Number.isFinite(single))
    record(work, { value: batch / single, unit: "images/s", config: { ...config, threads: 1 } });
  if (Number.isFinite(avx2))
    record(work, { value: batch / avx2, unit: "images/s", config: { ...config, target: "avx2" } });
}

/** What all threads gain over one, as a share of what the peak gains. */
export function scalingOf({ all, single }: SpeedRow, { peak }: Speed): number {
  return single === null ? Number.NaN : secondsOf(single) / secondsOf(all) / (peak.all / peak.single);
}

/** How many times as fast as the peer's best of that kind; NaN without a peer. */
export function ratioOf({ work, all }: SpeedRow, { peers }: Speed, against: "f32" | "bf16"): number {
  const rivals = peers.filter((peer) => peer.work === work && peer.variant.includes("bf16") === (against === "bf16"));
  return Math.min(...rivals.map((peer) => secondsOrLast(peer.all))) / secondsOf(all);
}

/** The same on one thread each, where two processors that share a core say nothing. */
export function singleRatioOf({ work, single }: SpeedRow, { peers }: Speed): number {
  const rivals = peers.flatMap((peer) =>
    peer.work === work && peer.single !== null ? [secondsOrLast(peer.single)] : [],
  );
  return single === null ? Number.NaN : Math.min(...rivals) / secondsOf(single);
}

function mebibytes(bytes: number): string {
  return rounded(bytes / 2 ** 20, 0);
}
