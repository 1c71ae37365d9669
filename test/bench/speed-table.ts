/** The tables of one network, a table for each kind of work, and its records. */
import { head, percent, print, record, rounded, row } from "./output.js";
import { type Cell, secondsOf, secondsOrLast } from "./rounds.js";
import { isBf16, type PeerRow, type Speed, type SpeedRow } from "./speed.js";
import { operationsOf, PASSES, type Work } from "./subject.js";

const TITLES: Readonly<Record<Work, string>> = {
  forward: "forward",
  step: "forward + input gradient (one PGD step)",
  at: "whole step of adversarial training (PGD-10)",
  prune: "whole step of HYDRA's prune stage (PGD-10)",
  finetune: "whole step of fine-tuning under a mask (PGD-10)",
};

const COLUMNS = [
  ...["densities", "images/s", "one thread", "scaling", "AVX2"],
  ...["of f32", "one of one", "of bf16", "one of one"],
  ...["of peak", "convolutions", "outside", "MiB"],
];

export function reportSpeed(speed: Speed): void {
  const { model, batch, threads, peak, works } = speed.options;
  print(`\n## ${model}, batch of ${batch}\n`);
  print(`Peak ${rounded(peak.all, 0)} GFLOP/s on ${threads} threads, ${rounded(peak.single, 0)} on one.`);
  record("peak", { value: peak.all, unit: "GFLOP/s", config: { threads } });
  record("peak", { value: peak.single, unit: "GFLOP/s", config: { threads: 1 } });
  for (const work of works) reportWork(work, speed);
}

function reportWork(work: Work, speed: Speed): void {
  const rows = speed.rows.filter((one) => one.work === work);
  if (rows.length === 0) return;
  print(`\n### ${TITLES[work]}\n`);
  const peers = speed.peers.filter((peer) => peer.work === peerWork(work));
  for (const peer of peers) reportPeer(peer, speed);
  if (peers.length > 0) print("");
  head(COLUMNS);
  for (const one of rows) reportRow(one, speed);
}

function reportPeer({ work, variant, all, single, memory }: PeerRow, { options }: Speed): void {
  const { model, batch, threads } = options;
  const value = batch / secondsOf(all);
  const one = batch / (single === null ? Number.NaN : secondsOf(single));
  const oneText = Number.isFinite(one) ? `, on one thread ${rounded(one, 0)}` : "";
  const memoryText = Number.isFinite(memory) ? `, ${mebibytes(memory)} MiB` : "";
  print(`PyTorch ${variant}: ${all.error ?? `${rounded(value, 0)} images/s${oneText}${memoryText}`}  `);
  const config = { model, batch, memory };
  record(work, { value, unit: "images/s", peer: `torch ${variant}`, config: { ...config, threads } });
  if (Number.isFinite(one))
    record(work, { value: one, unit: "images/s", peer: `torch ${variant}`, config: { ...config, threads: 1 } });
}

function reportRow(one: SpeedRow, speed: Speed): void {
  const { subject, work, all, single, avx2, memory } = one;
  const { batch, threads } = speed.options;
  const rate = (cell: Cell | null) => (cell === null ? Number.NaN : batch / secondsOf(cell));
  const ofPeak = shareOfPeak(one, speed);
  const ratios = (["f32", "bf16"] as const).flatMap((against) =>
    (["all", "single"] as const).map((count) => rounded(ratioOf(one, speed, { against, count }), 2)),
  );
  row([
    `${subject.densities} ${subject.density}`,
    ...[rate(all), rate(single)].map((value) => rounded(value, 0)),
    percent(scalingOf(one, speed)),
    rounded(rate(avx2), 0),
    ...ratios,
    percent(ofPeak),
    percent(all.shares?.convolutions ?? Number.NaN),
    percent(outsideOf(all)),
    mebibytes(memory),
  ]);
  const config = { ...subject, batch, threads, memory, outside: outsideOf(all) };
  const images = (value: number, more: object) => {
    if (Number.isFinite(value)) record(work, { value, unit: "images/s", config: { ...config, ...more } });
  };
  images(rate(all), {});
  images(rate(single), { threads: 1 });
  images(rate(avx2), { target: "avx2" });
  record(`${work}-share-of-peak`, { value: ofPeak, unit: "share", config });
}

/** Of what the peak would do in that time; Winograd's layers do with fewer operations than are counted here. */
function shareOfPeak({ subject, work, all }: SpeedRow, { options }: Speed): number {
  return (operationsOf(subject) * PASSES[work] * options.batch) / secondsOf(all) / (options.peak.all * 1e9);
}

/** What all threads gain over one, as a share of what the peak gains. */
export function scalingOf({ all, single }: SpeedRow, { options: { peak } }: Speed): number {
  return single === null ? Number.NaN : secondsOf(single) / secondsOf(all) / (peak.all / peak.single);
}

/** Share of the time that is spent outside the network's steps or passes. */
export function outsideOf({ shares }: Cell): number {
  return shares === null ? Number.NaN : 1 - shares.network;
}

export interface Rivals {
  readonly against: "f32" | "bf16";
  /** All threads of each side, or one of each: where two processors share a core only that says something. */
  readonly count: "all" | "single";
}

/** How many times as fast as the peer's best of that kind; NaN without a peer. */
export function ratioOf(one: SpeedRow, { peers }: Speed, { against, count }: Rivals): number {
  const kind = peers.filter(
    ({ work, variant }) => work === peerWork(one.work) && isBf16(variant) === (against === "bf16"),
  );
  const rivals = kind.flatMap((peer) => peer[count] ?? []);
  const own = one[count];
  const ratio = own === null ? Number.NaN : Math.min(...rivals.map(secondsOrLast)) / secondsOf(own);
  return Number.isFinite(ratio) ? ratio : Number.NaN;
}

/** The peer fine-tunes as it trains with any mask. */
function peerWork(work: Work): Work {
  return work === "finetune" ? "at" : work;
}

function mebibytes(bytes: number): string {
  return rounded(bytes / 2 ** 20, 0);
}
