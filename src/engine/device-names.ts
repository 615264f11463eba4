/** The names of devices in options and flags: what they may be, and what a misspelled one most likely means. */
import { type Check, unexpected } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { alternatives } from '../wording.ts';
import { type Device, parseDevice } from './device.ts';
import { deviceKinds } from './offers.ts';

/** What a request may name: a device, or `auto` for the one that is fastest in a short trial (`run/fastest-device.ts`). */
export type DeviceChoice = Device | 'auto';

/** Returns the device that the text names, or `auto`, or undefined if it names neither. */
export function parseDeviceChoice(text: string): DeviceChoice | undefined {
  return text === 'auto' ? text : parseDevice(text);
}

const numbered = 'cuda:N (N from 0 to 999)';

/** The names of devices, as the words of a message. */
export const deviceWords: string = alternatives([...deviceKinds, numbered]);
/** The names of devices and `auto`, as the words of a message. */
export const deviceChoiceWords: string = alternatives([...deviceKinds, numbered, 'auto']);

/** The names that other programs give to devices, and the devices that they mean here. No device here is like a TPU. */
const otherNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['gpu', ['webgpu', 'cuda']],
  ['nvidia', ['cuda']],
  ['tpu', []],
  ...['vulkan', 'metal', 'mps', 'directml', 'dml', 'rocm', 'xpu', 'amd', 'intel'].map(
    (name): [string, string[]] => [name, ['webgpu']],
  ),
]);

/** Returns the end of a message, such as `. Did you mean webgpu?`, or an empty text if nothing is similar to the name. */
export function meantDevice(text: string): string {
  const [name = ''] = text.toLowerCase().split(':');
  const found = otherNames.get(name) ?? [nearest(name, [...deviceKinds, 'auto']) ?? []].flat();
  return found.length === 0 ? '' : `. Did you mean ${alternatives(found)}?`;
}

/** Accepts the name of a device. */
export const aDevice: Check = checkOf(parseDevice, deviceWords);
/** Accepts the name of a device, and `auto`. */
export const aDeviceChoice: Check = checkOf(parseDeviceChoice, deviceChoiceWords);

function checkOf(parse: (text: string) => unknown, words: string): Check {
  return (name, value) => {
    if (typeof value === 'string' && parse(value) !== undefined) return;
    throw unexpected(name, value, words, typeof value === 'string' ? meantDevice(value) : '');
  };
}
