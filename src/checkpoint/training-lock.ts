/** The lock of a training folder. It allows one training process at a time, whether from the command line or the library. */
import type { LockPurpose } from '../disk/lock.ts';

export const trainingLock: LockPurpose = { file: 'lock', doing: 'is training there', option: 'trainDir' };
