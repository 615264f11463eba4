/** The lock of a training folder: one training at a time, of the command line or of the library. */
import type { LockPurpose } from '../disk/lock.ts';

export const trainingLock: LockPurpose = { file: 'lock', doing: 'is training there', option: 'trainDir' };
