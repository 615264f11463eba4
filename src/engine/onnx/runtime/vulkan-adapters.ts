/**
 * Lists the adapters that Vulkan finds, by calling its loader. ONNX Runtime does not say which adapter it uses, or why it
 * accepts none. Structures: Vulkan 1.0, chapters "Initialization" and "Devices and Queues".
 */
import { messageOf } from '../../../errors.ts';
import { type CFunction, loadKoffi } from '../../../native/koffi.ts';

/** The kind of an adapter. `software` computes on the CPU. */
export type AdapterKind = 'other' | 'integrated' | 'discrete' | 'virtual' | 'software';

export interface Adapter {
  readonly name: string;
  readonly kind: AdapterKind;
}

export type AdapterList =
  /** In the order in which WebGPU prefers them. */
  { readonly adapters: readonly Adapter[] } | { readonly loaderError: string };

/** The kinds by their number in VkPhysicalDeviceType. */
const kinds: readonly AdapterKind[] = ['other', 'integrated', 'discrete', 'virtual', 'software'];
const preference: readonly AdapterKind[] = ['discrete', 'integrated', 'virtual', 'other', 'software'];

const success = 0;
const mostDevices = 16;

/** Lists the adapters. A driver may end the process. */
export function listAdapters(library = 'libvulkan.so.1'): AdapterList {
  const koffi = loadKoffi('the Vulkan loader', 'use `device: cpu`');
  try {
    const vulkan = koffi.load(library);
    const createInstance = vulkan.func('vkCreateInstance', 'int', ['void *', 'void *', 'void *']);
    const enumerate = vulkan.func('vkEnumeratePhysicalDevices', 'int', ['void *', 'void *', 'void *']);
    const properties = vulkan.func('vkGetPhysicalDeviceProperties', 'void', ['void *', 'void *']);
    const instance = newInstance(createInstance);
    const devices = instance === undefined ? [] : devicesOf(instance, enumerate);
    const adapters = devices.map((device) => adapterOf(device, properties));
    return {
      adapters: adapters.toSorted((a, b) => preference.indexOf(a.kind) - preference.indexOf(b.kind)),
    };
  } catch (error) {
    return { loaderError: messageOf(error) };
  }
}

/** Returns the handle of a new instance, or undefined if no driver was found. */
function newInstance(createInstance: CFunction): bigint | undefined {
  // VkInstanceCreateInfo: sType (uint32) is VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO = 1, the other 60 bytes are zeros.
  const createInfo = new Uint32Array(16);
  createInfo[0] = 1;
  const instance = new BigUint64Array(1);
  return createInstance(createInfo, null, instance) === success ? instance[0] : undefined;
}

function devicesOf(instance: bigint, enumerate: CFunction): readonly bigint[] {
  const count = new Uint32Array([mostDevices]);
  const devices = new BigUint64Array(mostDevices);
  // A positive result means that there are more devices.
  return Number(enumerate(instance, count, devices)) < success ? [] : [...devices.subarray(0, count[0])];
}

/**
 * Reads VkPhysicalDeviceProperties:
 *
 * | bytes     | field                                                       |
 * |-----------|-------------------------------------------------------------|
 * | 0 … 15    | apiVersion, driverVersion, vendorID, deviceID (uint32 each) |
 * | 16 … 19   | deviceType (uint32)                                         |
 * | 20 … 275  | deviceName (UTF-8, ended by a zero)                         |
 * | 276 … 823 | limits and others                                           |
 */
function adapterOf(device: bigint, properties: CFunction): Adapter {
  const bytes = new Uint8Array(1024);
  properties(device, bytes);
  const kind = kinds[new DataView(bytes.buffer).getUint32(16, true)] ?? 'other';
  const name = new TextDecoder().decode(bytes.subarray(20, 276)).replace(/\0.*$/s, '');
  return { name, kind };
}
