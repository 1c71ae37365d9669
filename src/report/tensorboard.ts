/**
 * TensorBoard event files of training runs: TFRecords of Event messages, written by hand because the fields are few.
 *
 * A TFRecord is length (uint64), masked CRC-32C of it, data, masked CRC-32C of that, little-endian. Event (event.proto):
 * wall_time 1 (double), step 2 (varint), file_version 3 (string), summary 5; Summary: value 1; Value: tag 1, simple_value 2 (float).
 */
import type { TrainEpoch } from "../records/events.js";
import type { History } from "./results.js";

/** The bytes of one run's event file: loss, accuracies, learning rate, density, and the density of each layer, by step. */
export function eventFile({ epochs, start }: History): Buffer {
  const begin = Date.parse(start?.time ?? epochs[0]?.time ?? "") / 1000;
  const version = event(begin, 0, field(3, Buffer.from("brain.Event:2")));
  // Pruning counts the steps of each phase anew; the curve goes on.
  let [phase, before, latest] = ["", 0, 0];
  const events = epochs.map((epoch) => {
    if (epoch.phase !== phase) [phase, before] = [epoch.phase, epoch.step > latest ? 0 : latest];
    latest = before + epoch.step;
    const values = scalars(epoch).map(([tag, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(tag)), float(2, value)])),
    );
    return event(Date.parse(epoch.time) / 1000, latest, field(5, Buffer.concat(values)));
  });
  return Buffer.concat([version, ...events].map(record));
}

function scalars(epoch: TrainEpoch): readonly (readonly [string, number])[] {
  const { loss, learningRate, trainAccuracy, cleanAccuracy, robustAccuracy, density, reconnected, layers } = epoch;
  const entries: readonly (readonly [string, number | null | undefined])[] = [
    ["loss", loss],
    ["learning rate", learningRate],
    ["accuracy/train", trainAccuracy],
    ["accuracy/clean", cleanAccuracy],
    ["accuracy/robust", robustAccuracy],
    ["density/all", density],
    ["reconnected", reconnected],
    ...layers.map(({ name, size, connections }) => [`density/${name}`, size === 0 ? 0 : connections / size] as const),
  ];
  return entries.flatMap(([tag, value]) => (value === null || value === undefined ? [] : [[tag, value] as const]));
}

function event(time: number, step: number, rest: Buffer): Buffer {
  const wall = Buffer.alloc(9);
  wall.writeUInt8((1 << 3) | 1);
  wall.writeDoubleLE(time, 1);
  return Buffer.concat([wall, Buffer.from([2 << 3]), varint(step), rest]);
}

/** A length-delimited field. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

function float(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8((number << 3) | 5);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

function maskedChecksum(bytes: Buffer): Buffer {
  const checksum = crc32c(bytes);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** CRC-32 with Castagnoli's polynomial, reflected. */
function crc32c(bytes: Buffer): number {
  let checksum = 0xffffffff;
  for (const byte of bytes) checksum = (TABLE[(checksum ^ byte) & 255] ?? 0) ^ (checksum >>> 8);
  return ~checksum >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
