/** TensorFlow's addon as it is, each transfer written down: how many numbers went to the device and came from it. */
import assert from "node:assert/strict";
import type { Binding } from "../../src/engines/tensorflow/binding.js";
import { Device } from "../../src/engines/tensorflow/device.js";
import { hasOneDnn } from "../../src/engines/tensorflow/one-dnn.js";

export interface Traffic {
  /** Lengths of the arrays that came up, in their order. */
  readonly up: number[];
  /** Lengths of those that went down. */
  readonly down: number[];
}

export interface WatchedDevice {
  readonly device: Device;
  /** What went up and down while `body` ran. */
  during(body: () => void): Traffic;
}

export function watchedDevice(binding: Binding): WatchedDevice {
  const traffic: Traffic = { up: [], down: [] };
  const watched: Binding = {
    ...kindsOf(binding),
    createTensor(shape, type, values) {
      traffic.down.push(values.length);
      return binding.createTensor(shape, type, values);
    },
    tensorDataSync(id) {
      const values = binding.tensorDataSync(id);
      traffic.up.push(values.length);
      return values;
    },
    isUsingGpuDevice: () => binding.isUsingGpuDevice(),
    getNumOfTensors: () => binding.getNumOfTensors(),
    deleteTensor: (id) => binding.deleteTensor(id),
    executeOp: (...given) => binding.executeOp(...given),
  };
  const device = new Device(watched);
  // It finds out by trying, which is no part of anybody's traffic.
  assert.equal(typeof hasOneDnn(device), "boolean");
  return {
    device,
    during(body) {
      traffic.up.length = 0;
      traffic.down.length = 0;
      body();
      return { up: [...traffic.up], down: [...traffic.down] };
    },
  };
}

/** The addon's properties are not all enumerable, its methods work on itself alone. */
function kindsOf(binding: Binding) {
  const { TF_Version, TF_FLOAT, TF_INT32, TF_INT64, TF_BOOL } = binding;
  const { TF_ATTR_STRING, TF_ATTR_INT, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_TYPE } = binding;
  const kinds = { TF_FLOAT, TF_INT32, TF_INT64, TF_BOOL };
  return { TF_Version, ...kinds, TF_ATTR_STRING, TF_ATTR_INT, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_TYPE };
}
