/** The lock of a training folder: it allows one training at a time, from the command line or the library. */
import type { LockPurpose } from '../disk/lock.ts';

export const trainingLock: LockPurpose = { file: 'lock', doing: 'is training there', option: 'trainDir' };
