/** Says why a trial of a device failed, for every kind of device. */
import type { Trial } from './device-trial.ts';

/** Returns why the trial gave no answer, or undefined if it gave one.
 * @param driver what the trial used, such as `the driver of the GPU` */
export function whyTrialEnded({ float32, end }: Trial, driver: string): string | undefined {
  if (float32 !== undefined) return undefined;
  switch (end?.kind) {
    case 'signal':
      return `${driver} crashed: the trial, a process of its own, was ended by ${end.signal}. Update the driver`;
    case 'timeout':
      return `${driver} did not answer: the trial, a process of its own, was ended after ${end.seconds} seconds. Update the driver, or restart the machine`;
    case 'failed':
      return `the trial, a process of its own, failed: ${end.why}`;
    case undefined:
      return 'the trial, a process of its own, gave no answer';
  }
}

/** Removes the C++ file, function and condition with which ONNX Runtime's messages begin. */
export function withoutSource(message: string): string {
  const text = message.trim().split('\n')[0] ?? '';
  const [, said] = /^\S+\.(?:cc|cpp|h|cu):\d+ .*? was (?:false|true)\. (.+)$/s.exec(text) ?? [];
  return said ?? text.replace(/^\S+\.(?:cc|cpp|h|cu):\d+ \S.*?\)(?: const)? /, '').trim();
}
